import type { Dict } from '../core/dict.js';
import { maskSecrets } from '../core/secrets.js';
import { Target } from '../core/target.js';
import type { IncomingRequest } from '../drivers/driver.js';
import type { RequestContext } from '../messaging/request-context.js';
import { deserializeArgs, passesEntities, type Serializer } from '../messaging/serializer.js';
import { OsloContext } from './oslo-context.js';

/** The `@Ctx()` of an RPC method. */
export class OsloRpcContext extends OsloContext {
  private requestContext: { value: unknown } | undefined;
  private isConverted = false;

  /** @internal */
  constructor(
    private readonly message: IncomingRequest,
    private readonly listening: Target,
    private readonly serializer: Serializer,
    signal: AbortSignal,
  ) {
    super([message], signal);
  }

  /** Exchange, topic and server that were listened on, with the request's namespace and version. */
  getTarget(): Target {
    const { exchange, topic, server } = this.listening;
    // The request's version is the sender's text: it has been matched by now, but a plain handler may see any.
    return new Target({
      exchange,
      topic,
      server,
      namespace: this.message.request.namespace,
      version: this.message.request.version,
    });
  }

  getMethod(): string {
    return this.message.request.method;
  }

  /** The deserialized request context, the same for guards, interceptors and the method. */
  getRequestContext<T = RequestContext>(): T {
    this.requestContext ??= { value: this.serializer.deserializeContext(this.message.request.context) };
    return this.requestContext.value as T;
  }

  /** The call's id; a cast's unique id. */
  getMessageId(): string | undefined {
    return this.message.request.msgId ?? this.message.request.uniqueId;
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

  /** @internal Whether arguments and results stay as they are. */
  get passesEntities(): boolean {
    return passesEntities(this.serializer);
  }

  /** @internal True once: arguments and result are converted once. */
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
