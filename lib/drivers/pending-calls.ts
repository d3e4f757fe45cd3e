import type { Deadline } from '../core/deadline.js';
import { LONGEST_TIMER } from '../core/duration.js';
import { ClientSendError, type ErrorDetails, MessagingTimeout } from '../core/errors.js';
import { deserializeFailure } from '../core/failure.js';
import type { LogSink } from '../core/logger.js';
import type { RpcReply } from '../core/message.js';

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: Error): void;
  result: unknown;
  timer: NodeJS.Timeout;
  monitor: NodeJS.Timeout | undefined;
  details: ErrorDetails;
}

/** The calls that wait for a reply, each with its deadline. Every one settles exactly once. */
export class PendingCalls {
  private readonly calls = new Map<string, PendingCall>();

  constructor(
    private readonly limit: number,
    private readonly allowedModules: ReadonlySet<string>,
    private readonly logger: LogSink,
  ) {}

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
    why: () => Error | undefined,
  ): Promise<unknown> {
    if (this.calls.size >= this.limit) {
      return Promise.reject(
        new ClientSendError(`${this.limit} calls are pending, which is the limit (limits.pendingCalls)`, details),
      );
    }
    return new Promise((resolve, reject) => {
      const late = () => {
        const cause = why();
        const { target, method } = details;
        this.reject(
          msgId,
          new MessagingTimeout(
            `Timed out waiting for a reply to message ID ${msgId} (${method} on ${target})${cause ? `: ${cause.message}` : ''}`,
            { ...details, cause },
          ),
        );
      };
      this.calls.set(msgId, {
        resolve,
        reject,
        result: null,
        timer: setTimeout(late, deadline.remaining()),
        monitor: monitor ? setTimeout(late, Math.min(monitor * 1000, LONGEST_TIMER)) : undefined,
        details,
      });
    });
  }

  /** Takes a reply, or a heartbeat; drops what nobody waits for. */
  settle(reply: RpcReply): void {
    const call = this.calls.get(reply.msgId);
    if (!call) {
      this.logger.debug(`No call waits for the reply to ${reply.msgId}`);
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

  private take(msgId: string): PendingCall | undefined {
    const call = this.calls.get(msgId);
    if (call) {
      this.calls.delete(msgId);
      clearTimeout(call.timer);
      clearTimeout(call.monitor);
    }
    return call;
  }
}
