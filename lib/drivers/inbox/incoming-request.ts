import { ClientSendError, MessageUndeliverable, toError } from '../../core/errors.js';
import { serializeFailure } from '../../core/failure.js';
import { oneLine } from '../../core/logger.js';
import type { OutgoingRpcReply, RpcReply, RpcRequest } from '../../core/rpc-message.js';
import type { IncomingMessage } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import { isReplyQueue } from '../reply-queue.js';

/** One reply on its way to the caller's queue. */
export interface OutgoingReply {
  readonly queue: string;
  readonly reply: OutgoingRpcReply;
  /** On the monotonic clock: nobody waits for it any longer than that. */
  readonly expires: number;
  /** Whether it is worth waiting for a queue that is away: a heartbeat is not. */
  readonly lasting: boolean;
}

/** A reply whose queue is away, or takes nothing for now. It is tried again until it is delivered, or in vain. */
export interface WaitingReply {
  /** Resolves when it is delivered, rejects when it is dropped. */
  readonly delivered: Promise<void>;
}

/**
 * Puts one reply into a reply queue, and fails when it cannot: with ClientSendError when this reply cannot be written, or
 * is more than the broker takes; with MessageUndeliverable when none can be sent. Where the queue is away or takes nothing
 * for now, resolves before the reply is there. Nothing to wait for when the reply is in the queue already.
 */
export type SendReply = (reply: OutgoingReply) => Promise<WaitingReply | undefined> | undefined;

/** Called with what settles, never rejecting, when a reply has been delivered or dropped whose queue was away. */
export type OnWaiting = (waiting: Promise<void>) => void;

/** What answering needs of the driver. */
export interface ReplyPorts {
  readonly sendReply: SendReply;
}

/** What a server answers with, and whether it is the last of it. */
type Reply = Pick<RpcReply, 'result' | 'failure' | 'ending'>;

/** One request in work, and its way back to the caller. */
export class IncomingRequest implements IncomingMessage {
  readonly wantsReply: boolean;
  /** Whether nobody has the reply yet, and somebody wants it: whoever gets the request again has to answer it. */
  isOwed: boolean;
  /** As {@link OnWaiting} is told. */
  waiting: Promise<void> | undefined;
  private isReplaced = false;

  /** @param expires on the monotonic clock: when the caller gives up */
  constructor(
    readonly request: RpcRequest,
    readonly expires: number,
    private readonly context: DriverContext,
    private readonly ports: ReplyPorts,
    private readonly onWaiting: OnWaiting = () => undefined,
  ) {
    const { msgId, replyQueue } = request;
    this.wantsReply =
      msgId !== undefined && replyQueue !== undefined && isReplyQueue(replyQueue, context.settings.anyReplyQueue);
    this.isOwed = this.wantsReply;
  }

  reply(reply: Reply): Promise<void> | undefined {
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

  private send({ result, failure, ending }: Reply): Promise<WaitingReply | undefined> | undefined {
    const { msgId = '', replyQueue: queue = '' } = this.request;
    const reply = { result, failure, ending, msgId };
    return this.ports.sendReply({ queue, reply, expires: this.expires, lasting: ending });
  }

  private sent(waiting: WaitingReply | undefined, { ending }: Reply): void {
    if (waiting) {
      this.waiting = this.outcomeOf(waiting);
      this.onWaiting(this.waiting);
    } else if (ending) this.isOwed = false;
  }

  /** A reply that is not JSON, or too large for us or the broker, becomes the caller's failure instead of silence. */
  private fail(error: unknown, { ending }: Reply): Promise<void> | undefined {
    if (error instanceof ClientSendError && !this.isReplaced) {
      this.isReplaced = true;
      return this.reply({
        result: null,
        failure: serializeFailure(error, this.context.settings.sendTracebacks),
        ending: true,
      });
    }
    if (ending) this.drop(error);
    else this.context.settings.logger.debug(`A heartbeat was not delivered: ${oneLine(toError(error).message)}`);
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
    // Nobody waits for it any more, or to run the request again would not help.
    if (error instanceof MessageUndeliverable || error instanceof ClientSendError || this.expires <= performance.now())
      this.isOwed = false;
    this.context.counters.count('droppedReplies');
    this.context.settings.logger.warn(
      `The reply to ${oneLine(this.request.msgId ?? '', 64)} was dropped: ${oneLine(toError(error).message)}`,
    );
  }
}
