import { abortErrorOf } from '../../core/abort.js';
import type { Deadline } from '../../core/deadline.js';
import { DeadlineWheel } from '../../core/deadline-wheel.js';
import { MAX_TIMER_MS } from '../../core/duration.js';
import {
  ClientSendError,
  type ErrorDetails,
  InvalidMessage,
  MessageDeliveryFailure,
  MessagingTimeout,
  toError,
} from '../../core/errors.js';
import { deserializeFailure } from '../../core/failure.js';
import { newId } from '../../core/id.js';
import { keepMessageId, type LogSubject, logAbout } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import { findReplyAddress } from '../../core/reply-address.js';
import { type RpcReply, readReply } from '../../core/rpc-message.js';
import { TransientMap } from '../../core/transient-map.js';
import type { CallOptions, CollectedReply, CollectReply } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import type { Delivery } from './delivery.js';

const INHERITED = 'the caller of the request that is being handled has given up, too';

/** Call that waits for a reply. */
export interface PendingCall {
  readonly msgId: string;
  readonly deadline: Deadline;
  readonly details: ErrorDetails;
  readonly causeOf: (deadline: Deadline) => Error | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  result: unknown;
  monitor: NodeJS.Timeout | undefined;
  /** Reader of the replies of several servers; undefined for a call of one server. */
  readonly collect: CollectReply | undefined;
  /** True once a reply of several has been read. */
  isHeard: boolean;
  /** Queue of the server that runs it, to cancel it there; undefined while no server has asked for that. */
  cancelTo: string | undefined;
}

/** Passes on to the servers that calls with a signal were given up. */
export interface Aborting {
  /** Called when the signal of a call aborts, and when the transport closes before that. It must not throw. */
  aborted(call: PendingCall, reason: unknown): void;
  /** Called when a server runs a call that does not wait any more, with the queue to cancel it. */
  announced?(msgId: string, cancelTo: string): void;
}

/** Calls that wait for a reply. Each settles exactly once, at its deadline at the latest, or when its signal aborts. */
export class PendingCalls {
  private readonly calls = new TransientMap<string, PendingCall>();
  private readonly deadlines = new DeadlineWheel<PendingCall>((call) => this.giveUp(call));

  constructor(
    private readonly context: DriverContext,
    private readonly allowedModules: ReadonlySet<string>,
    private readonly aborting: Aborting,
  ) {}

  /** Number of pending calls. */
  get size(): number {
    return this.calls.size;
  }

  /** Returns the id of a new call: the given one, unless another call has it. */
  idOf({ msgId }: Pick<CallOptions, 'msgId'>): string {
    return msgId === undefined || this.calls.has(msgId) ? newId() : msgId;
  }

  /** Returns true until the call has settled. */
  has(msgId: string): boolean {
    return this.calls.has(msgId);
  }

  /**
   * Adds a call.
   * @param monitor heartbeat timeout, in seconds; undefined for none
   * @param causeOf returns the cause of a timeout, when there is one, for the error
   * @param collect reader of the replies of several servers; undefined for one server
   * @throws ClientSendError when too many calls are pending
   */
  add(
    msgId: string,
    deadline: Deadline,
    monitor: number | undefined,
    details: ErrorDetails,
    causeOf: (deadline: Deadline) => Error | undefined,
    collect?: CollectReply,
  ): Promise<unknown> {
    const { pendingCalls } = this.context.settings.limits;
    if (this.calls.size >= pendingCalls) {
      this.context.counters.count('overLimit');
      throw new ClientSendError(`${pendingCalls} calls are pending, which is the limit (limits.pendingCalls)`, details);
    }
    return new Promise((resolve, reject) => {
      const call: PendingCall = {
        msgId,
        deadline,
        details,
        causeOf,
        resolve,
        reject,
        result: null,
        monitor: undefined,
        collect,
        isHeard: false,
        cancelTo: undefined,
      };
      if (monitor) call.monitor = setTimeout(() => this.giveUp(call), Math.min(monitor * 1000, MAX_TIMER_MS));
      this.calls.set(msgId, call);
      this.deadlines.add(call);
    });
  }

  /** Accepts a delivery from the reply queue. */
  receive(delivery: Delivery): void {
    const { counters } = this.context;
    const { limits, logger } = this.context.settings;
    void delivery.acknowledge();
    try {
      this.settle(readReply(delivery.read(limits)), delivery.cancelTo);
    } catch (error) {
      counters.count('refusedMessages');
      const msgId = this.msgIdIn(delivery);
      const call = this.calls.get(msgId ?? '');
      const subject = call ? subjectOf(call) : { messageId: msgId };
      logAbout(logger, 'warn', subject, `Refused a reply: ${oneLine(toError(error).message)}`);
      this.refuse(call, toError(error));
    }
  }

  /** Rejects the call of a refused reply: no other reply will come. */
  private refuse(call: PendingCall | undefined, cause: Error): void {
    if (!call) return;
    const { details, msgId } = call;
    const about = `"${details.method}" on ${details.target}`;
    const message = `The reply to message ID ${msgId} (${about}) was refused: ${cause.message}`;
    const error = new InvalidMessage(message, { ...details, cause });
    if (call.collect === undefined) this.reject(msgId, error);
    else this.collect(call, call.collect, { error });
  }

  private msgIdIn(delivery: Delivery): string | undefined {
    const { limits } = this.context.settings;
    try {
      return findReplyAddress(delivery.text(limits), limits.bodyBytes)?.msgId;
    } catch {
      // The body cannot be decompressed.
      return undefined;
    }
  }

  /** Resolves or rejects the call of a reply; a heartbeat restarts its monitor. Drops a reply without a pending call. */
  private settle(reply: RpcReply, cancelTo: string | undefined): void {
    const call = this.calls.get(reply.msgId);
    if (cancelTo !== undefined) {
      if (call) call.cancelTo = cancelTo;
      else this.aborting.announced?.(reply.msgId, cancelTo);
    }
    if (!call) {
      if (reply.ending) this.context.counters.count('lateReplies');
      const text = `No call waits for the reply to ${oneLine(reply.msgId, 64)}`;
      logAbout(this.context.settings.logger, 'debug', { messageId: reply.msgId }, text);
      return;
    }
    if (call.collect !== undefined) {
      const { result, failure, ending } = reply;
      const errorOf = (text: string) => deserializeFailure(text, this.allowedModules, call.details);
      if (ending) this.collect(call, call.collect, failure === null ? { result } : { error: errorOf(failure) });
      return;
    }
    if (reply.failure !== null && call.deadline.expired) {
      // Most likely its server failed because the time was over. The timer of the call can be some milliseconds late.
      this.context.counters.count('lateReplies');
      this.giveUp(call);
      return;
    }
    if (reply.failure !== null) {
      this.reject(reply.msgId, deserializeFailure(reply.failure, this.allowedModules, call.details));
      return;
    }
    // Old servers send the result first and the ending after it.
    if (reply.result !== null) call.result = reply.result;
    if (reply.ending) this.take(reply.msgId)?.resolve(call.result);
    else call.monitor?.refresh();
  }

  /** Reads the reply of one of several servers. Resolves the call when no further one is wanted. */
  private collect(call: PendingCall, collect: CollectReply, reply: CollectedReply): void {
    call.isHeard = true;
    if (collect(reply)) this.take(call.msgId)?.resolve(null);
  }

  /** Rejects a call, if it is still pending. */
  reject(msgId: string, error: Error): void {
    this.take(msgId)?.reject(error);
  }

  /** Rejects all calls: the transport is closed. Those with a signal are given up at their servers, too. */
  close(): void {
    for (const call of this.calls.values()) {
      const error = new MessageDeliveryFailure('The transport was closed', call.details);
      if (call.deadline.signal !== undefined) this.aborting.aborted(call, error);
      this.reject(call.msgId, error);
    }
  }

  private giveUp(call: PendingCall): void {
    const { msgId, deadline, details, causeOf, collect, isHeard } = call;
    const { signal } = deadline;
    if (signal?.aborted) {
      this.aborting.aborted(call, signal.reason);
      this.reject(msgId, abortErrorOf(signal, details));
      return;
    }
    const cause = causeOf(deadline);
    if (collect !== undefined && deadline.expired && (cause === undefined || isHeard)) {
      this.take(msgId)?.resolve(null);
      return;
    }
    const about = `"${details.method}" on ${details.target}`;
    const reason = cause?.message ?? (deadline.inherited && deadline.expired ? INHERITED : undefined);
    const error = new MessagingTimeout(
      `Timed out waiting for a reply to message ID ${msgId} (${about})${reason ? `: ${reason}` : ''}`,
      { ...details, cause },
    );
    keepMessageId(error, msgId);
    this.reject(msgId, error);
  }

  private take(msgId: string): PendingCall | undefined {
    const call = this.calls.remove(msgId);
    if (call) {
      this.deadlines.remove(call);
      if (call.monitor) clearTimeout(call.monitor);
    }
    return call;
  }
}

/** Returns the subject of lines about a call. Its context is not kept while it waits. */
function subjectOf({ details: { method, target }, msgId }: PendingCall): LogSubject {
  return { method, exchange: target?.exchange, topic: target?.topic, server: target?.server, messageId: msgId };
}
