import type { Cancellation } from '../core/abort.js';
import type { Deadline } from '../core/deadline.js';
import { type Duration, readDuration } from '../core/duration.js';
import { ConfigurationError, type MessagingTimeout } from '../core/errors.js';
import { keptMessageId, type LogSubject, logAbout } from '../core/log-subject.js';
import { consoleLogger } from '../core/logger.js';
import { pause } from '../core/pause.js';
import { shared, sharedClass } from '../core/shared.js';
import type { Target } from '../core/target.js';
import { getCurrentRequestContext } from '../messaging/current-request.js';
import { readableContext } from '../messaging/log-fields.js';
import type { Transport } from '../messaging/transport.js';
import { CallContext, type ClientOptions } from '../rpc/call-context.js';
import { type PrepareOptions, prepared, RPCClient } from '../rpc/client.js';
import { MethodTimeouts } from './method-timeouts.js';

const timeoutsOf = shared('method timeouts', () => new WeakMap<Transport, MethodTimeouts>());

/** Gives the clients of a transport their own timeouts instead of those shared in the process. */
export function isolateTimeouts(transport: Transport): void {
  timeoutsOf.set(transport, new MethodTimeouts());
}

function timeoutsFor(transport: Transport): MethodTimeouts {
  return timeoutsOf.get(transport) ?? MethodTimeouts.processWide;
}

/** Calls whose timeout doubles after each timeout of the method. Source: tacker.common.rpc._ContextWrapper. */
class BackingOffContext extends CallContext {
  protected override timeoutOf(method: string): number {
    const { rpcResponseTimeout: first, rpcResponseMaxTimeout: ceiling } = this.transport.settings;
    return this.timeouts.get(this.scoped(method), first, ceiling);
  }

  override callUntil<T>(cancelled: Cancellation | undefined, ctxt: unknown, method: string, args: object): Promise<T> {
    const calling = super.callUntil<T>(cancelled, ctxt, method, args);
    if (!this.transport.settings.timeoutRecovery) return calling;
    const began = performance.now();
    return calling.then((result) => {
      this.recover(method, performance.now() - began, ctxt);
      return result;
    });
  }

  private recover(method: string, took: number, ctxt: unknown): void {
    const { rpcResponseTimeout: first, rpcResponseMaxTimeout: ceiling, logger } = this.transport.settings;
    const scoped = this.scoped(method);
    const shrunk = this.timeouts.recover(scoped, took, first, ceiling);
    if (shrunk === undefined) return;
    const text = `Reduced the timeout of calls to "${scoped}" to ${shrunk / 1000} s`;
    logAbout(logger, 'log', this.subjectOf(method, ctxt), text);
  }

  protected override async backOff(
    method: string,
    timeout: number,
    { limit, signal }: Deadline,
    error: MessagingTimeout,
    ctxt: unknown,
  ): Promise<void> {
    // Such a timeout says nothing about the method.
    if (this.transport.settings.timeoutRecovery && error.cause !== undefined) return;
    const { rpcResponseTimeout: first, rpcResponseMaxTimeout: ceiling, logger } = this.transport.settings;
    const scoped = this.scoped(method);
    const longest = Math.min(this.timeouts.get(scoped, first, ceiling), first);
    // The call must end with the request that makes it.
    const wait = Math.min(Math.random() * longest, Math.max(0, limit - performance.now()));
    const grown = this.timeouts.grow(scoped, timeout, first, ceiling);
    const subject = this.subjectOf(method, ctxt, keptMessageId(error));
    if (grown !== undefined)
      logAbout(logger, 'warn', subject, `Increased the timeout of calls to "${scoped}" to ${grown / 1000} s`);
    logAbout(
      logger,
      'error',
      subject,
      `No reply to "${scoped}" within ${timeout / 1000} s; rejecting the call after a random pause of ${Math.round(wait)} ms`,
    );
    await pause(wait, this.transport.closed, signal);
  }

  private get timeouts(): MethodTimeouts {
    return timeoutsFor(this.transport);
  }

  private subjectOf(method: string, ctxt: unknown, messageId?: string): LogSubject {
    const { exchange, topic, server } = this.target;
    return {
      method,
      exchange,
      topic,
      server,
      messageId,
      context: readableContext(() => ctxt ?? getCurrentRequestContext()),
    };
  }

  /** Returns the method with its namespace: methods with the same name in two namespaces back off separately. */
  private scoped(method: string): string {
    return this.target.namespace ? `${this.target.namespace}.${method}` : method;
  }
}

/**
 * {@link RPCClient} whose calls back off: after a timeout, the timeout of the method doubles, up to the
 * `rpcResponseMaxTimeout` option, and the call is rejected after a random pause. A client with a `timeout` does not back
 * off. Source: tacker.common.rpc.BackingOffClient.
 */
@sharedClass('BackingOffClient')
export class BackingOffClient extends RPCClient {
  /**
   * Lowers the ceiling of the timeouts of all backing-off clients of the process. It cannot be raised again.
   * @param duration in seconds or with a unit
   * @throws ConfigurationError for 0 or no duration
   */
  static setMaxTimeout(duration: Duration): void {
    const milliseconds = readDuration(duration, 'setMaxTimeout', consoleLogger);
    // A ceiling of 0 could never be raised again.
    if (milliseconds === 0) throw new ConfigurationError('setMaxTimeout: expected more than 0');
    MethodTimeouts.lowerCeiling(milliseconds);
  }

  private readonly backingOff: CallContext | undefined;

  /** @throws ConfigurationError for an unknown or ill-typed option, InvalidVersion for an invalid version cap */
  constructor(transport: Transport, target: Target, options: ClientOptions = {}) {
    super(transport, target, options);
    transport.grownTimeouts = () => timeoutsFor(transport).all();
    this.backingOff = options.timeout == null ? new BackingOffContext(transport, target, options) : undefined;
  }

  override call<T = unknown>(ctxt: unknown, method: string, args: object = {}): Promise<T> {
    return this.backingOff ? this.backingOff.call<T>(ctxt, method, args) : super.call<T>(ctxt, method, args);
  }

  override prepare(changes: PrepareOptions = {}): CallContext {
    const [target, options] = prepared(this.target, this.options, changes);
    return options.timeout == null
      ? new BackingOffContext(this.transport, target, options)
      : new CallContext(this.transport, target, options);
  }
}
