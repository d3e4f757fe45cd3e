import { attemptIn } from '../core/attempt.js';
import type { Dict } from '../core/dict.js';
import { maskSecrets } from '../core/secrets.js';
import type { Target } from '../core/target.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { type CurrentRequest, remainingSeconds, servedTarget } from '../messaging/current-request.js';
import type { RequestContext } from '../messaging/request-context.js';
import { deserializeArgs, passesEntities, type Serializer } from '../messaging/serializer.js';
import { OsloContext } from './oslo-context.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Context (`@Ctx()`) of an RPC method. */
@sharedNestClass('OsloRpcContext')
export class OsloRpcContext extends OsloContext implements CurrentRequest {
  private requestContext: { value: unknown } | undefined;
  private isConverted = false;
  private hasRefused = false;

  /** @internal */
  constructor(
    private readonly message: IncomingRequest,
    private readonly listening: Target,
    private readonly serializer: Serializer,
    private readonly refused?: Error,
  ) {
    super([message]);
  }

  /** Returns the exchange, topic and server that are listened on, with the request's namespace and version. */
  getTarget(): Target {
    return servedTarget(this.listening, this.message.request);
  }

  /** Returns the name of the method in the request. */
  getMethod(): string {
    return this.message.request.method;
  }

  /** Returns the name of the method, as the contexts of Nest's own transports return their pattern. */
  getPattern(): string {
    return this.message.request.method;
  }

  /** Returns the deserialized request context: the same object for guards, interceptors and the method. */
  getRequestContext<T = RequestContext>(): T {
    this.requestContext ??= { value: this.serializer.deserializeContext(this.message.request.context) };
    return this.requestContext.value as T;
  }

  /** Returns the message id of a call, or the unique id of a cast. */
  getMessageId(): string | undefined {
    return this.message.request.msgId ?? this.message.request.uniqueId;
  }

  /** Returns the number of the attempt: 1, and more for a request that its caller has sent again by a `retryPolicy`. */
  getAttempt(): number {
    return attemptIn(this.message.request.context);
  }

  /**
   * Returns the time until the caller gives up, in seconds, at least 0. Undefined where no caller waits (a cast), and for a
   * caller without a timeout.
   */
  getRemainingTime(): number | undefined {
    return remainingSeconds(this.message);
  }

  /**
   * Returns the signal of the request: always the same. It is aborted when the caller gives up (`reason` is a
   * {@link RequestExpired}), when it cancels the call before ({@link RequestCancelled}), when it has died ({@link CallerGone}; it
   * needs a `callMonitorTimeout`), or when the server has stopped ({@link ServerStopped}), whatever comes first. It stays as it is once the handler has returned.
   */
  override getSignal(): AbortSignal {
    return this.message.signal;
  }

  /** @internal */
  override get incoming(): IncomingRequest {
    return this.message;
  }

  /** @internal Error of arguments that do not fit the method; undefined where they do. */
  get refusal(): Error | undefined {
    return this.refused;
  }

  /** @internal True once the arguments have been refused: the guards have decided. */
  get isRefused(): boolean {
    return this.hasRefused;
  }

  /** @internal */
  override refuse(): void {
    if (!this.refused) return;
    this.hasRefused = true;
    throw this.refused;
  }

  /** @internal */
  override get view(): this {
    return this;
  }

  /** @internal */
  override get remainingTime(): number {
    return Math.max(0, this.message.expires - performance.now());
  }

  /** @internal */
  override get subject(): object {
    return this.message;
  }

  override toJSON(): Dict {
    const context = maskSecrets(this.message.request.context);
    return { method: this.getMethod(), target: String(this.getTarget()), messageId: this.getMessageId(), context };
  }

  /** @internal True where arguments and results are not converted. */
  get passesEntities(): boolean {
    return passesEntities(this.serializer);
  }

  /** @internal Returns true for the first call, so that arguments and result are converted once. */
  takeTurn(): boolean {
    const first = !this.isConverted;
    this.isConverted = true;
    return first;
  }

  /** @internal */
  deserializeArgs(args: Dict): Dict {
    return deserializeArgs(this.serializer, this.getRequestContext(), args);
  }

  /** @internal */
  serializeResult(result: unknown): unknown {
    return this.serializer.serializeEntity(this.getRequestContext(), result);
  }
}
