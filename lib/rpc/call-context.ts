import { Deadline } from '../core/deadline.js';
import type { Dict } from '../core/dict.js';
import { type Duration, readDuration } from '../core/duration.js';
import { ConfigurationError, InvalidTarget, MessagingTimeout, RPCVersionCapError } from '../core/errors.js';
import { checkOptions, checkRetry, flag, type Rule } from '../core/option-rules.js';
import type { RpcInvocation } from '../core/rpc-message.js';
import type { Target } from '../core/target.js';
import { checkVersion, versionIsCompatible } from '../core/version.js';
import type { CallOptions } from '../drivers/driver.js';
import { withCallers } from '../messaging/caller-stack.js';
import { getCurrentRequestContext, runApart } from '../messaging/current-request.js';
import { checkArguments, checkSerialized } from '../messaging/request-values.js';
import { NoOpSerializer, type Serializer, serializeArgs } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';

/** Driver-specific wishes. */
export interface TransportOptions {
  /** Reject with MessageUndeliverable when no queue takes the message. @default true for a call, false for a cast */
  atLeastOnce?: boolean | undefined;
}

const TRANSPORT_RULES = { atLeastOnce: flag } satisfies Record<keyof TransportOptions, Rule>;

/** What a client, or a prepared context, is set up with. */
export interface ClientOptions {
  /** How long a call waits, or a cast may take to be confirmed. Given, it switches backing off off. @default the rpcResponseTimeout option */
  timeout?: Duration | undefined;
  /** Highest version that may be sent. */
  versionCap?: string | undefined;
  /** @default NoOpSerializer */
  serializer?: Serializer | undefined;
  /** Retries of connecting: absent or −1 for ever (until the deadline), 0 none, N at most N. */
  retry?: number | undefined;
  /** Ask the server for heartbeats, and give up when none came for this long. Whole seconds towards Python. */
  callMonitorTimeout?: Duration | undefined;
  transportOptions?: TransportOptions | undefined;
}

/** Calls and casts on one target. Immutable. */
export class CallContext {
  /** Timeout as it was given. Undefined: the `rpcResponseTimeout` option. */
  readonly timeout: Duration | undefined;
  private readonly patience: number | undefined;
  protected readonly serializer: Serializer;
  private readonly callMonitorTimeout: number | undefined;

  constructor(
    protected readonly transport: Transport,
    readonly target: Target,
    protected readonly options: ClientOptions,
  ) {
    if (options.versionCap != null) checkVersion(options.versionCap);
    checkRetry(options.retry);
    if (options.transportOptions != null) checkOptions(options.transportOptions, TRANSPORT_RULES, 'transportOptions.');
    const { logger } = transport.settings;
    this.timeout = options.timeout ?? undefined;
    this.patience = this.timeout === undefined ? undefined : readDuration(this.timeout, 'timeout', logger);
    this.callMonitorTimeout =
      options.callMonitorTimeout == null
        ? undefined
        : readDuration(options.callMonitorTimeout, 'callMonitorTimeout', logger) / 1000;
    this.serializer = options.serializer ?? new NoOpSerializer();
  }

  /** Whether a version is within the cap. @param version the target's where absent */
  canSendVersion(version: string | undefined = this.target.version): boolean {
    return versionIsCompatible(this.options.versionCap ?? undefined, version);
  }

  /**
   * Invokes a method and waits for its result.
   * @param ctxt the request context; null or undefined for that of the request being handled, where there is one
   * @throws MessagingTimeout, MessageUndeliverable, MessageDeliveryFailure, RPCVersionCapError, InvalidTarget, RemoteError, or the registered class of a remote exception
   */
  call<T = unknown>(ctxt: unknown, method: string, args: object = {}): Promise<T> {
    const context = ctxt ?? getCurrentRequestContext();
    const timeout = this.timeoutOf(method);
    // No async function: it would keep the whole request in memory as long as it waits, and cost twice as much.
    return this.send(context, method, args as Dict, timeout).then(
      (result) => this.serializer.deserializeEntity(context, result) as T,
      (error: unknown) => this.fail(error, method, timeout),
    );
  }

  /**
   * Invokes a method without waiting for its result; resolves when the broker has taken the request, within the same
   * time as a call.
   * @param ctxt as for `call`
   * @throws MessageDeliveryFailure, MessageUndeliverable, RPCVersionCapError, InvalidTarget
   */
  async cast(ctxt: unknown, method: string, args: object = {}): Promise<void> {
    const request = this.request(ctxt ?? getCurrentRequestContext(), method, args as Dict);
    const { driver, settings } = this.transport;
    const deadline = Deadline.after(this.patience ?? settings.rpcResponseTimeout);
    const mandatory = this.options.transportOptions?.atLeastOnce ?? false;
    const options = { target: this.target, deadline, retry: this.options.retry, mandatory };
    try {
      await runApart(() => driver.cast(request, options));
    } catch (error) {
      throw withCallers(error, this.cast);
    }
  }

  /** Milliseconds that a call of the method waits. */
  protected timeoutOf(_method: string): number {
    return this.patience ?? this.transport.settings.rpcResponseTimeout;
  }

  /** Comes between a timeout and the caller's hearing of it. */
  protected async backOff(_method: string, _timeout: number): Promise<void> {}

  private async fail(thrown: unknown, method: string, timeout: number): Promise<never> {
    // Before anything is awaited: the engine then no longer knows the caller.
    const error = withCallers(thrown, this.fail);
    if (error instanceof MessagingTimeout) await this.backOff(method, timeout);
    throw error;
  }

  /** Never throws: it rejects. */
  private send(context: unknown, method: string, args: Dict, timeout: number): Promise<unknown> {
    const { target, transport } = this;
    try {
      if (target.fanout) throw new InvalidTarget(`A call cannot be used with fanout: ${target}`, { target, method });
      const request = this.request(context, method, args);
      const options: CallOptions = {
        target,
        deadline: Deadline.after(timeout),
        timeout,
        retry: this.options.retry,
        mandatory: this.options.transportOptions?.atLeastOnce ?? true,
        callMonitorTimeout: this.callMonitorTimeout,
      };
      return runApart(() => transport.driver.call(request, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private request(ctxt: unknown, method: string, args: Dict): RpcInvocation {
    const { target, serializer } = this;
    if (typeof method !== 'string' || method === '')
      throw new ConfigurationError('method: expected a non-empty string');
    checkArguments(args, { target, method });
    if (target.topic === undefined) throw new InvalidTarget(`A topic is required: ${target}`, { target, method });
    if (!this.canSendVersion())
      throw new RPCVersionCapError(target.version, this.options.versionCap, { target, method });
    return {
      method,
      args: serializeArgs(serializer, ctxt, args),
      namespace: target.namespace,
      version: target.version,
      context: checkSerialized(serializer.serializeContext(ctxt), { target, method }),
    };
  }
}
