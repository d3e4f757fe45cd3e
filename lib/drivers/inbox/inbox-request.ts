import { ClientSendError, MessageUndeliverable, toError } from '../../core/errors.js';
import { serializeFailure } from '../../core/failure.js';
import { oneLine } from '../../core/logger.js';
import type { OutgoingRpcReply, RpcRequest } from '../../core/rpc-message.js';
import type { Arrival, IncomingRequest, ReplyContent } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { isReplyQueue } from '../reply-queue.js';

/** Reply to be sent to the queue of its caller. */
export interface OutgoingReply {
  readonly queue: string;
  readonly reply: OutgoingRpcReply;
  /** Time at which the caller gives up, on the monotonic clock in milliseconds. */
  readonly expires: number;
  /** True to wait for a queue that is missing or full; false for heartbeats. */
  readonly lasting: boolean;
}

/** Reply whose queue is missing or full, or does not confirm it soon. */
export interface WaitingReply {
  /** Resolves when the reply is delivered; rejects when it is dropped. */
  readonly delivered: Promise<void>;
}

/**
 * Sends one reply. Returns undefined when the reply is in its queue already. Resolves with a {@link WaitingReply} when the
 * queue is missing or full, or does not confirm it soon.
 * @throws ClientSendError when this reply cannot be encoded or is larger than the broker accepts, MessageUndeliverable when
 * no reply can be sent
 */
export type SendReply = (reply: OutgoingReply) => Promise<WaitingReply | undefined> | undefined;

/** Called with a promise that settles, without rejecting, when a waiting reply is delivered or dropped. */
export type OnWaiting = (waiting: Promise<void>) => void;

/** Functions of the driver that replies need. */
export interface ReplyPorts {
  readonly sendReply: SendReply;
}

/** Arrival of a request that nothing watches. */
export const UNMEASURED: Arrival = { headers: new Map(), queueWait: undefined, slotWait: 0 };

/** Request of a server, with the state of its reply. */
export class InboxRequest implements IncomingRequest {
  readonly wantsReply: boolean;
  /** True while the caller waits and the reply is not delivered: the request must be answered when it is delivered again. */
  isOwed: boolean;
  /** Settles, without rejecting, when a reply that waits for its queue is delivered or dropped. */
  waiting: Promise<void> | undefined;
  private isReplaced = false;

  /** @param expires time at which the caller gives up, on the monotonic clock in milliseconds; Infinity for a cast */
  constructor(
    readonly request: RpcRequest,
    readonly expires: number,
    private readonly context: DriverContext,
    private readonly ports: ReplyPorts,
    private readonly onWaiting: OnWaiting = () => undefined,
    readonly arrival: Arrival = UNMEASURED,
  ) {
    const { msgId, replyQueue } = request;
    this.wantsReply =
      msgId !== undefined && replyQueue !== undefined && isReplyQueue(replyQueue, context.settings.anyReplyQueue);
    this.isOwed = this.wantsReply;
  }

  reply(reply: ReplyContent): Promise<void> | undefined {
    if (!this.wantsReply) return undefined;
    try {
      const sending = this.send(reply);
      if (sending)
        return sending.then(
          (waiting) => this.sent(waiting, reply),
          (error: unknown) => this.fail(error, reply),
        );
      this.sent(undefined, reply);
      return undefined;
    } catch (error) {
      return this.fail(error, reply);
    }
  }

  private send({ result, failure, ending }: ReplyContent): Promise<WaitingReply | undefined> | undefined {
    const { msgId = '', replyQueue: queue = '' } = this.request;
    const reply = { result, failure, ending, msgId };
    return this.ports.sendReply({ queue, reply, expires: this.expires, lasting: ending });
  }

  private sent(waiting: WaitingReply | undefined, { ending }: ReplyContent): void {
    if (waiting) {
      this.waiting = this.outcomeOf(waiting);
      this.onWaiting(this.waiting);
    } else if (ending) this.isOwed = false;
  }

  /** Replaces a reply that cannot be encoded, or is too large, by a failure, so that the caller gets an answer. */
  private fail(error: unknown, { ending }: ReplyContent): Promise<void> | undefined {
    const { logger, sendTracebacks } = this.context.settings;
    if (error instanceof ClientSendError && !this.isReplaced) {
      this.isReplaced = true;
      return this.reply({ result: null, failure: serializeFailure(error, sendTracebacks), ending: true });
    }
    if (ending) this.drop(error);
    else logger.debug(`A heartbeat was not delivered: ${oneLine(toError(error).message)}`);
    return undefined;
  }

  private async outcomeOf({ delivered }: WaitingReply): Promise<void> {
    try {
      await delivered;
      this.isOwed = false;
    } catch (error) {
      this.drop(error);
    }
  }

  private drop(error: unknown): void {
    // Running the request again would not help, or its caller no longer waits.
    if (error instanceof MessageUndeliverable || error instanceof ClientSendError || this.expires <= performance.now())
      this.isOwed = false;
    const { counters, settings } = this.context;
    counters.count('droppedReplies');
    settings.logger.warn(
      `The reply to ${oneLine(this.request.msgId ?? '', 64)} was dropped: ${oneLine(toError(error).message)}`,
    );
  }
}
