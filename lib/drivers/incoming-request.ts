import { MessageUndeliverable, toError } from '../core/errors.js';
import { serializeFailure } from '../core/failure.js';
import { oneLine } from '../core/logger.js';
import { encodeReply, newId, type RpcReply, type RpcRequest } from '../core/message.js';
import type { Settings } from '../core/options.js';
import type { IncomingMessage } from './driver.js';

/** One reply on its way to the caller's queue. */
export interface OutgoingReply {
  readonly queue: string;
  readonly body: Buffer;
  readonly uniqueId: string;
  /** On the monotonic clock: nobody waits for it any longer than that. */
  readonly expires: number;
  /** Whether it is worth waiting for a queue that is away: a heartbeat is not. */
  readonly lasting: boolean;
}

/** A reply whose queue is away. It is tried again until it is delivered, or in vain. */
export interface WaitingReply {
  /** Resolves when it is delivered, rejects when it is dropped. */
  readonly delivered: Promise<void>;
}

/** Puts one reply into a reply queue; rejects when it cannot. Where the queue is away, resolves before it is there. */
export type SendReply = (reply: OutgoingReply) => Promise<WaitingReply | undefined>;

/** What answering needs of the driver. */
export interface ReplyPorts {
  readonly sendReply: SendReply;
  /** Whether replies travel in an envelope. */
  readonly envelope: boolean;
}

/** Reply queues have this form; anything else could be another service's queue. */
const REPLY_QUEUE = /^reply_[\w.:@-]{1,240}$/;
/** What AMQP has room for, in bytes. */
const LONGEST_NAME = 255;

/** One request in work, and its way back to the caller. */
export class IncomingRequest implements IncomingMessage {
  readonly wantsReply: boolean;
  /** Whether nobody has the reply yet, and somebody wants it: whoever gets the request again has to answer it. */
  isOwed: boolean;
  /** Settles, never rejecting, when a reply has been delivered or dropped whose queue was away. */
  waiting: Promise<void> | undefined;

  /** @param expires on the monotonic clock: when the caller gives up */
  constructor(
    readonly request: RpcRequest,
    private readonly expires: number,
    private readonly settings: Settings,
    private readonly ports: ReplyPorts,
  ) {
    const { msgId, replyQueue } = request;
    this.wantsReply =
      msgId !== undefined && replyQueue !== undefined && isReplyQueue(replyQueue, settings.anyReplyQueue);
    this.isOwed = this.wantsReply;
  }

  async reply({ result, failure, ending }: Pick<RpcReply, 'result' | 'failure' | 'ending'>): Promise<void> {
    const { msgId, replyQueue: queue } = this.request;
    if (!this.wantsReply || msgId === undefined || queue === undefined) return;
    const uniqueId = newId();
    try {
      const body = this.encode({ result, failure, ending, msgId, uniqueId });
      const waiting = await this.ports.sendReply({ queue, body, uniqueId, expires: this.expires, lasting: ending });
      if (waiting) this.waiting = this.outcomeOf(waiting);
      else if (ending) this.isOwed = false;
    } catch (error) {
      if (ending) this.drop(error);
      else this.settings.logger.debug(`A heartbeat was not delivered: ${oneLine(toError(error).message)}`);
    }
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
    // Nobody waits for it any more.
    if (error instanceof MessageUndeliverable) this.isOwed = false;
    this.settings.counters.count('droppedReplies');
    this.settings.logger.warn(
      `The reply to ${oneLine(this.request.msgId ?? '', 64)} was dropped: ${oneLine(toError(error).message)}`,
    );
  }

  /** A result that is not JSON, or too large, becomes the caller's failure instead of silence. */
  private encode(reply: RpcReply): Buffer {
    const { limits, sendTracebacks } = this.settings;
    const { envelope } = this.ports;
    try {
      return encodeReply(reply, limits, envelope);
    } catch (error) {
      const failure = serializeFailure(error, sendTracebacks);
      return encodeReply({ ...reply, result: null, failure, ending: true }, limits, envelope);
    }
  }
}

function isReplyQueue(name: string, any: boolean): boolean {
  return REPLY_QUEUE.test(name) || (any && name !== '' && Buffer.byteLength(name) <= LONGEST_NAME);
}
