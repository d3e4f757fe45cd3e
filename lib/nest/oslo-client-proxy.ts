import { type InspectOptions, inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { Cancellation } from '../core/abort.js';
import type { Duration } from '../core/duration.js';
import { CallAborted, ConfigurationError, toError } from '../core/errors.js';
import { forgottenAwait, unfitForFields } from '../core/given.js';
import type { DriverStatus } from '../core/health.js';
import { checkNames } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { maskSecrets } from '../core/secrets.js';
import { Target } from '../core/target.js';
import { getCurrentRequestContext } from '../messaging/current-request.js';
import { RequestContext } from '../messaging/request-context.js';
import { requestContextSerializer } from '../messaging/serializer.js';
import { getRpcTransport, type Transport } from '../messaging/transport.js';
import type { PrepareOptions } from '../rpc/client.js';
import { BackingOffClient, isolateTimeouts } from '../tacker/backing-off-client.js';
import { LOG_CONTEXT } from './log-suppression.js';
import { SenderStacks } from './sender-stack.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Pattern of a request: a method name, or a method with a target and a timeout. */
export type OsloPattern =
  | string
  | ({ method: string; timeout?: Duration | undefined } & Pick<
      PrepareOptions,
      'topic' | 'exchange' | 'namespace' | 'version' | 'server' | 'fanout'
    >);

/** Options of one request. */
export interface OsloRecordOptions extends PrepareOptions {
  /** `RequestContext`, or another context that the serializer accepts. @default the context of the request that is being handled, else a new one */
  context?: unknown;
}

const PATTERN_FIELDS = ['topic', 'exchange', 'namespace', 'version', 'server', 'fanout', 'timeout'] as const;
const RECORD_OPTIONS: readonly (keyof OsloRecordOptions)[] = [
  'context',
  ...PATTERN_FIELDS,
  'versionCap',
  'retry',
  'callMonitorTimeout',
  'transportOptions',
  'retryPolicy',
  'signal',
  'propagateDeadlines',
];

/** Arguments of a request with a request context and options, like Nest's own records. */
@sharedNestClass('OsloRecord')
export class OsloRecord<T extends object = object> {
  /** @throws ConfigurationError for arguments or options that are no objects with fields (a promise, for example), and for an unknown option */
  constructor(
    /** Keyword arguments. */
    readonly data: T,
    /** Request context and options of the request. */
    readonly options: OsloRecordOptions = {},
  ) {
    for (const [what, value] of Object.entries({ data, options })) {
      const given = unfitForFields(value);
      if (given !== undefined) throw new ConfigurationError(`OsloRecord: expected an object of ${what}; got ${given}`);
    }
    const given = forgottenAwait(options.context);
    if (given !== undefined) throw new ConfigurationError(`OsloRecord: expected a request context; got ${given}`);
    checkNames(options, RECORD_OPTIONS, 'OsloRecord option');
  }

  /** Returns arguments and options with the secrets of the context masked. `JSON.stringify` and logs show this. */
  toJSON(): object {
    const { context, ...options } = this.options;
    return {
      data: this.data,
      options: context === undefined ? options : { ...options, context: maskSecrets(context) },
    };
  }

  /** Returns the content of {@link toJSON} for `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `OsloRecord ${inspect(this.toJSON(), options)}`;
  }
}

/** Nest's `ClientProxy` for oslo.messaging: `send` is a call, `emit` a cast. It connects on first use. */
@sharedNestClass('OsloClientProxy')
export class OsloClientProxy extends ClientProxy {
  private readonly transport: Transport;
  private readonly client: BackingOffClient;
  private readonly unsubscribe: () => void;
  /** @internal Lines that sent requests, for the stacks of errors. */
  readonly senders = new SenderStacks();
  /** @internal This client with a `connect` that does nothing, for {@link send} and {@link emit}: the deadline of a request covers connecting. */
  readonly onFirstUse: object = Object.create(this, { connect: { value: () => Promise.resolve() } });

  /** @throws ConfigurationError for an unknown or ill-typed option, InvalidTransportURL, DriverLoadFailure for an unknown scheme */
  constructor(options: OsloMessagingOptions = {}) {
    super();
    this.transport = getRpcTransport({ ...options, logger: options.logger ?? new Logger(LOG_CONTEXT) });
    isolateTimeouts(this.transport);
    const serializer = requestContextSerializer(this.transport.settings.serializer);
    this.client = new BackingOffClient(this.transport, new Target({ topic: options.topic }), { serializer });
    this.unsubscribe = this.transport.onStatus((status) => this._status$.next(status));
  }

  // Nest's `customClass` needs a ClientProxy whose status is any string, so the type is narrowed here only.
  /** Status of the transport, and its changes. */
  override get status(): Observable<DriverStatus> {
    return super.status as Observable<DriverStatus>;
  }

  /**
   * Connects now instead of on first use, with one attempt at each host: at most for `rabbit.connectTimeout` at each
   * (after attempts that a busy broker did not finish in time, up to four times as long at the last one), and for
   * `rpcResponseTimeout` in all. Resolves when all connections for calls are open, at once if they are. Several calls
   * share the attempt.
   * @throws MessageDeliveryFailure when no host can be reached in time, or the broker refuses the login, or after `close`
   */
  async connect(): Promise<void> {
    await this.transport.connect({ retry: 0 });
  }

  /** Nest's registration of event listeners. @throws ConfigurationError always: use `status` */
  override on(): never {
    throw new ConfigurationError('OsloClientProxy has no events; use its status');
  }

  /** Rejects pending calls and closes the connections. A closed proxy stays closed. Can be called twice. */
  async close(): Promise<void> {
    await this.transport.cleanup();
    this.unsubscribe();
  }

  /** Returns the {@link Transport}. */
  unwrap<T = Transport>(): T {
    return this.transport as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const unsubscribed = new Cancellation();
    let isWanted = true;
    this.call(packet, unsubscribed).then(
      (response) => {
        if (!isWanted) return;
        isWanted = false;
        callback({ response, isDisposed: true });
      },
      (error: unknown) => {
        if (!isWanted) return;
        isWanted = false;
        this.senders.failed();
        callback({ err: toError(error) });
      },
    );
    return () => {
      if (!isWanted) return;
      isWanted = false;
      unsubscribed.abort(new CallAborted('The call was given up: nobody is subscribed to its result any more'));
    };
  }

  protected async dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    const { prepared, context, method, args } = this.requestOf(packet);
    return (await prepared.cast(context, method, args)) as T;
  }

  private async call(packet: ReadPacket, unsubscribed: Cancellation): Promise<unknown> {
    const { prepared, context, method, args } = this.requestOf(packet);
    return prepared.callUntil(unsubscribed, context, method, args);
  }

  private requestOf({ pattern, data }: ReadPacket) {
    const { method, ...target } = readPattern(pattern);
    const { data: args, options } =
      data instanceof OsloRecord ? data : { data: data as object, options: {} as OsloRecordOptions };
    const { context = getCurrentRequestContext<unknown>() ?? new RequestContext(), ...changes } = options;
    return { prepared: this.client.prepare({ ...target, ...changes }), context, method, args };
  }
}

// Nest's `send` and `emit` wait for `connect()` first. They are replaced here to keep their signatures.
for (const name of ['send', 'emit'] as const) {
  const connecting: (...args: never[]) => unknown = ClientProxy.prototype[name];
  const value = function (this: OsloClientProxy, ...args: unknown[]): unknown {
    const request = Reflect.apply(connecting, this.onFirstUse, args) as Observable<unknown>;
    return name === 'send' ? this.senders.naming(request, value) : request;
  };
  Object.defineProperty(OsloClientProxy.prototype, name, {
    value,
    writable: true,
    configurable: true,
  });
}

function readPattern(pattern: unknown): Exclude<OsloPattern, string> {
  if (typeof pattern === 'string') return { method: pattern };
  if (typeof pattern === 'object' && pattern !== null && 'method' in pattern && typeof pattern.method === 'string') {
    checkNames(pattern, ['method', ...PATTERN_FIELDS], 'pattern field');
    return pattern as Exclude<OsloPattern, string>;
  }
  throw new ConfigurationError(
    `Pattern: expected a method name or { method, topic?, … }; got ${unfitForFields(pattern) ?? "an object without a method. Write 'sum' instead of { cmd: 'sum' }"}`,
  );
}
