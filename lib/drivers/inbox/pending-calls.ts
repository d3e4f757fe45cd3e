import type { Deadline } from '../../core/deadline.js';
import { DeadlineWheel } from '../../core/deadline-wheel.js';
import { LONGEST_TIMER } from '../../core/duration.js';
import { ClientSendError, type ErrorDetails, InvalidMessage, MessagingTimeout, toError } from '../../core/errors.js';
import { deserializeFailure } from '../../core/failure.js';
import { oneLine } from '../../core/logger.js';
import { findReplyAddress } from '../../core/reply-address.js';
import { type RpcReply, readReply } from '../../core/rpc-message.js';
import type { DriverContext } from '../driver-context.js';
import type { Delivery } from './delivery.js';

interface PendingCall {
  readonly msgId: string;
  readonly deadline: Deadline;
  readonly details: ErrorDetails;
  readonly why: (deadline: Deadline) => Error | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  result: unknown;
  monitor: NodeJS.Timeout | undefined;
}

/** The calls that wait for a reply, each with its deadline. Every one settles exactly once. */
export class PendingCalls {
  private readonly calls = new Map<string, PendingCall>();
  private readonly deadlines = new DeadlineWheel<PendingCall>((call) => this.giveUp(call));

  constructor(
    private readonly context: DriverContext,
    private readonly allowedModules: ReadonlySet<string>,
  ) {}

  get size(): number {
    return this.calls.size;
  }

  /**
   * @param monitor seconds without a heartbeat after which the call counts as dead
   * @param why said in the timeout's message and given as its cause, where there is one
   * @throws ClientSendError when too many calls are pending
   */
  add(
    msgId: string,
    deadline: Deadline,
    monitor: number | undefined,
    details: ErrorDetails,
    why: (deadline: Deadline) => Error | undefined,
  ): Promise<unknown> {
    const { pendingCalls } = this.context.settings.limits;
    if (this.calls.size >= pendingCalls) {
      this.context.counters.count('overLimit');
      throw new ClientSendError(`${pendingCalls} calls are pending, which is the limit (limits.pendingCalls)`, details);
    }
    return new Promise((resolve, reject) => {
      const call: PendingCall = { msgId, deadline, details, why, resolve, reject, result: null, monitor: undefined };
      if (monitor) call.monitor = setTimeout(() => this.giveUp(call), Math.min(monitor * 1000, LONGEST_TIMER));
      this.calls.set(msgId, call);
      this.deadlines.add(call);
    });
  }

  /** Takes what has come to the reply queue. */
  receive(delivery: Delivery): void {
    const { counters } = this.context;
    const { limits, logger } = this.context.settings;
    void delivery.acknowledge();
    try {
      this.settle(readReply(delivery.read(limits)));
    } catch (error) {
      counters.count('refusedMessages');
      logger.warn(`Refused a reply: ${oneLine(toError(error).message)}`);
      this.refuse(delivery, toError(error));
    }
  }

  /** The call that a reply was for ends with the reason why it was refused: no other reply will come. */
  private refuse(delivery: Delivery, cause: Error): void {
    const call = this.calls.get(this.msgIdIn(delivery) ?? '');
    if (!call) return;
    const { details, msgId } = call;
    const about = `${details.method} on ${details.target}`;
    const message = `The reply to message ID ${msgId} (${about}) was refused: ${cause.message}`;
    this.reject(msgId, new InvalidMessage(message, { ...details, cause }));
  }

  private msgIdIn(delivery: Delivery): string | undefined {
    const { limits } = this.context.settings;
    try {
      return findReplyAddress(delivery.text(limits), limits.bodyBytes)?.msgId;
    } catch {
      // It cannot be decompressed.
      return undefined;
    }
  }

  /** Takes a reply, or a heartbeat; drops what nobody waits for. */
  private settle(reply: RpcReply): void {
    const call = this.calls.get(reply.msgId);
    if (!call) {
      if (reply.ending) this.context.counters.count('lateReplies');
      this.context.settings.logger.debug(`No call waits for the reply to ${oneLine(reply.msgId, 64)}`);
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

  /** Ends one call with an error, if it is still pending. */
  reject(msgId: string, error: Error): void {
    this.take(msgId)?.reject(error);
  }

  /** Ends all calls with an error. */
  rejectAll(error: Error): void {
    for (const msgId of [...this.calls.keys()]) this.reject(msgId, error);
  }

  private giveUp({ msgId, deadline, details, why }: PendingCall): void {
    const cause = why(deadline);
    const about = `${details.method} on ${details.target}`;
    this.reject(
      msgId,
      new MessagingTimeout(
        `Timed out waiting for a reply to message ID ${msgId} (${about})${cause ? `: ${cause.message}` : ''}`,
        { ...details, cause },
      ),
    );
  }

  private take(msgId: string): PendingCall | undefined {
    const call = this.calls.get(msgId);
    if (call) {
      this.calls.delete(msgId);
      this.deadlines.remove(call);
      if (call.monitor) clearTimeout(call.monitor);
    }
    return call;
  }
}
