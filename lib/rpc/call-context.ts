import {
  abortErrorOf,
  type Cancellation,
  isAbortError,
  isAbortSignal,
  joinSignals,
  releaseSignal,
} from '../core/abort.js';
import { withoutAttempt } from '../core/attempt.js';
import type { OutgoingChain } from '../core/chain.js';
import { Deadline } from '../core/deadline.js';
import type { Dict } from '../core/dict.js';
import { type Duration, readDuration } from '../core/duration.js';
import { ConfigurationError, InvalidTarget, MessagingTimeout, RPCVersionCapError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { checkOptions, checkRetry, flag, type Rule } from '../core/option-rules.js';
import type { RpcInvocation } from '../core/rpc-message.js';
import { sharedClass } from '../core/shared.js';
import type { Target } from '../core/target.js';
import { checkVersion, versionIsCompatible } from '../core/version.js';
import type { CallOptions } from '../drivers/driver.js';
import { withCallers } from '../messaging/caller-stack.js';
import { getAwaitedRequest, getCurrentRequestContext } from '../messaging/current-request.js';
import { checkArguments, checkSerialized } from '../messaging/request-values.js';
import { NoOpSerializer, type Serializer, serializeArgs } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import { assertTimeLeft, sendCall, sendCast } from './outgoing-requests.js';
import { retryLink } from './retries.js';
import type { RetryPolicy } from './retry-policy.js';

/** Options of the driver for one request. */
export interface TransportOptions {
  /** Reject with MessageUndeliverable when no queue is bound for the message. @default true for a call, false for a cast */
  atLeastOnce?: boolean | undefined;
}

const TRANSPORT_RULES = { atLeastOnce: flag } satisfies Record<keyof TransportOptions, Rule>;

/** Options of a client or of a prepared context. */
export interface ClientOptions {
  /** Time that a call waits for its reply, or a cast for its confirm, in seconds or with a unit. A client with a timeout does not back off. @default the `rpcResponseTimeout` option */
  timeout?: Duration | undefined;
  /** Highest version that may be sent: `major.minor`. @default no cap */
  versionCap?: string | undefined;
  /** Serializer of request context, arguments and results. @default NoOpSerializer */
  serializer?: Serializer | undefined;
  /** Number of retries of connecting: 0 for none, −1 for any number until the deadline. @default −1 */
  retry?: number | undefined;
  /** Longest time without a heartbeat of the server, in seconds or with a unit. Sent to Python in whole seconds. @default no heartbeats */
  callMonitorTimeout?: Duration | undefined;
  /**
   * Repeat requests that failed on their way, for methods that may run twice: after a MessageDeliveryFailure,
   * MessageUndeliverable or MessagingTimeout, inside the timeout of the request. @default no repetition
   */
  retryPolicy?: RetryPolicy | undefined;
  /** Options of the driver. */
  transportOptions?: TransportOptions | undefined;
  /**
   * Signal that gives up the calls and casts when it aborts: they reject with its reason, and are not sent if it has aborted
   * before. The signal of the remote handler is aborted, where the server uses this library. @default none
   */
  signal?: AbortSignal | undefined;
  /**
   * End calls no later than the request that is being handled, while somebody waits for its reply. False for a call that must
   * be made in any case, such as a clean-up. @default the `propagateDeadlines` option
   */
  propagateDeadlines?: boolean | undefined;
}

/** Calls and casts to one target, as `prepare` returns them. Immutable. */
@sharedClass('CallContext')
export class CallContext {
  /** Timeout as given. Undefined: the `rpcResponseTimeout` option applies. */
  readonly timeout: Duration | undefined;
  /** In milliseconds. */
  private readonly timeoutMs: number | undefined;
  /** @internal */
  protected readonly serializer: Serializer;
  private readonly callMonitorTimeout: number | undefined;
  private readonly outgoing: OutgoingChain | undefined;
  private readonly propagates: boolean;

  /** @internal */
  constructor(
    protected readonly transport: Transport,
    /** Target of the calls and casts. */
    readonly target: Target,
    protected readonly options: ClientOptions,
  ) {
    if (options.versionCap != null) checkVersion(options.versionCap);
    checkRetry(options.retry);
    if (options.transportOptions != null) checkOptions(options.transportOptions, TRANSPORT_RULES, 'transportOptions.');
    if (options.signal != null && !isAbortSignal(options.signal))
      throw new ConfigurationError(`signal: expected an AbortSignal; got ${nameOf(options.signal)}`);
    checkOptions({ propagateDeadlines: options.propagateDeadlines ?? undefined }, { propagateDeadlines: flag }, '');
    const { logger, propagateDeadlines } = transport.settings;
    this.propagates = options.propagateDeadlines ?? propagateDeadlines;
    this.timeout = options.timeout ?? undefined;
    this.timeoutMs = this.timeout === undefined ? undefined : readDuration(this.timeout, 'timeout', logger);
    this.callMonitorTimeout =
      options.callMonitorTimeout == null
        ? undefined
        : readDuration(options.callMonitorTimeout, 'callMonitorTimeout', logger) / 1000;
    this.outgoing =
      options.retryPolicy == null
        ? transport.outgoing
        : transport.outgoingWith(retryLink(transport, options.retryPolicy));
    this.serializer = options.serializer ?? new NoOpSerializer();
  }

  /**
   * Returns true for a version that the version cap allows.
   * @param version `major.minor`. Default: the target's version
   * @throws InvalidVersion
   */
  canSendVersion(version: string | undefined = this.target.version): boolean {
    return versionIsCompatible(this.options.versionCap ?? undefined, version);
  }

  /**
   * Invokes a method and waits for its result.
   * @param ctxt request context. Default, and for null: the context of the request that is being handled, if any
   * @param method name of the method
   * @param args keyword arguments
   * @throws MessagingTimeout, MessageUndeliverable, MessageDeliveryFailure, RPCVersionCapError, InvalidTarget, RemoteError, or the registered class of a remote exception; the reason of its `signal`
   */
  call<T = unknown>(ctxt: unknown, method: string, args: object = {}): Promise<T> {
    return this.callUntil<T>(undefined, ctxt, method, args);
  }

  /** @internal Returns the deadline of a call that is made now: for work on its result. */
  deadlineOf(method: string): Deadline {
    const outer = this.propagates ? getAwaitedRequest() : undefined;
    const limit = outer?.expires ?? Number.POSITIVE_INFINITY;
    return Deadline.within(this.timeoutOf(method), limit, this.options.signal ?? undefined);
  }

  /** @internal Calls likewise, until a cancellation aborts. */
  callUntil<T>(cancelled: Cancellation | undefined, ctxt: unknown, method: string, args: object): Promise<T> {
    const context = ctxt ?? getCurrentRequestContext();
    const timeout = this.timeoutOf(method);
    const outer = this.propagates ? getAwaitedRequest() : undefined;
    const signal = joinSignals(joinSignals(cancelled, this.options.signal ?? undefined), outer?.callerGone);
    const deadline = Deadline.within(timeout, outer?.expires ?? Number.POSITIVE_INFINITY, signal);
    // No async function: it would keep the whole request in memory while it waits, and cost twice as much.
    return this.send(context, method, args as Dict, deadline).then(
      (result) => {
        releaseSignal(signal);
        return this.serializer.deserializeEntity(context, result) as T;
      },
      (error: unknown) => this.fail(error, method, timeout, deadline, context),
    );
  }

  /**
   * Invokes a method without waiting for its result. Resolves when the broker has confirmed the request, and rejects when
   * it has not within the timeout.
   * @param ctxt request context, as for `call`
   * @param method name of the method
   * @param args keyword arguments
   * @throws MessageDeliveryFailure, MessageUndeliverable, RPCVersionCapError, InvalidTarget; the reason of its `signal`
   */
  async cast(ctxt: unknown, method: string, args: object = {}): Promise<void> {
    const request = this.request(ctxt ?? getCurrentRequestContext(), method, args as Dict);
    const { target } = this;
    const { signal, retry, transportOptions } = this.options;
    if (signal?.aborted) throw abortErrorOf(signal, { target, method });
    const timeout = this.timeoutMs ?? this.transport.settings.rpcResponseTimeout;
    const deadline = Deadline.within(timeout, Number.POSITIVE_INFINITY, signal ?? undefined);
    const options = { target, deadline, retry, mandatory: transportOptions?.atLeastOnce ?? false };
    try {
      await sendCast(this.transport, this.outgoing, request, options);
    } catch (error) {
      // The reason belongs to the owner of the signal: it is passed on as it is.
      throw isAbortError(error, deadline.signal) ? error : withCallers(error, this.cast);
    }
  }

  /** @internal Returns the milliseconds that a call of the method waits. */
  protected timeoutOf(_method: string): number {
    return this.timeoutMs ?? this.transport.settings.rpcResponseTimeout;
  }

  /** @internal Runs between a timeout and the rejection of the call. */
  protected async backOff(
    _method: string,
    _timeout: number,
    _deadline: Deadline,
    _error: MessagingTimeout,
    _context: unknown,
  ): Promise<void> {}

  private async fail(
    thrown: unknown,
    method: string,
    timeout: number,
    deadline: Deadline,
    context: unknown,
  ): Promise<never> {
    try {
      if (isAbortError(thrown, deadline.signal)) throw thrown;
      // Before any await: afterwards V8 no longer knows the caller.
      const error = withCallers(thrown, this.fail);
      if (error instanceof MessagingTimeout && this.tellsOfMethod(deadline))
        await this.backOff(method, timeout, deadline, error, context);
      throw error;
    } finally {
      // The signal ends a back-off, too.
      releaseSignal(deadline.signal);
    }
  }

  /** Returns true for a timeout because of which the timeout of the method should grow. */
  private tellsOfMethod(deadline: Deadline): boolean {
    // That another caller was in a hurry says nothing about the method.
    if (deadline.expired) return !deadline.inherited;
    // Short attempts do not show that the whole timeout is too short.
    return this.options.retryPolicy?.attemptTimeout === undefined;
  }

  /** Rejects, and never throws. */
  private send(context: unknown, method: string, args: Dict, deadline: Deadline): Promise<unknown> {
    const { target, transport } = this;
    try {
      if (target.fanout) throw new InvalidTarget(`A call cannot be used with fanout: ${target}`, { target, method });
      const request = this.request(context, method, args);
      const { signal } = deadline;
      if (signal?.aborted) throw abortErrorOf(signal, { target, method });
      if (deadline.inherited) assertTimeLeft({ target, method }, deadline);
      const options: CallOptions = {
        target,
        deadline,
        timeout: deadline.duration,
        retry: this.options.retry,
        mandatory: this.options.transportOptions?.atLeastOnce ?? true,
        callMonitorTimeout: this.callMonitorTimeout,
      };
      return sendCall(transport, this.outgoing, request, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private request(ctxt: unknown, method: string, args: Dict): RpcInvocation {
    const { target, serializer } = this;
    if (typeof method !== 'string' || method === '')
      throw new ConfigurationError(
        `method: expected a non-empty string; got ${method === '' ? '""' : nameOf(method)}. The order is call(context, method, args)`,
      );
    checkArguments(args, { target, method });
    if (target.topic === undefined) throw new InvalidTarget(`A topic is required: ${target}`, { target, method });
    if (!this.canSendVersion())
      throw new RPCVersionCapError(target.version, this.options.versionCap, { target, method });
    return {
      method,
      args: serializeArgs(serializer, ctxt, args),
      namespace: target.namespace,
      version: target.version,
      context: withoutAttempt(checkSerialized(serializer.serializeContext(ctxt), { target, method })),
    };
  }
}
