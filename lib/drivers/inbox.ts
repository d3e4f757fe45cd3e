import { InvalidMessage, toError } from '../core/errors.js';
import { serializeFailure } from '../core/failure.js';
import { oneLine } from '../core/logger.js';
import {
  decodeEnvelope,
  encodeReply,
  newId,
  type RpcReply,
  type RpcRequest,
  readRequest,
  salvageReplyAddress,
} from '../core/message.js';
import type { Settings } from '../core/options.js';
import type { Delivery } from './delivery.js';
import type { IncomingMessage, Receive } from './driver.js';
import { RecentIds } from './recent-ids.js';
import { Slots } from './slots.js';

/** Puts one reply into a reply queue; rejects when it cannot. */
export type SendReply = (replyQueue: string, body: Buffer, uniqueId: string) => Promise<void>;

/** Requests remembered for this long are not executed again. */
const DUPLICATE_WINDOW = 10 * 60_000;
/** Reply queues have this form; anything else could be another service's queue. */
const REPLY_QUEUE = /^reply_[\w.:@-]{1,240}$/;

/**
 * A server's requests between the broker and the handlers: acknowledged just before they start and only when a slot
 * is free, so that unstarted work stays in the broker; decoded, and dropped when seen before.
 */
export class Inbox {
  private readonly slots: Slots;
  private readonly seen: RecentIds;

  constructor(
    private readonly settings: Settings,
    concurrency: number,
    private readonly receive: Receive,
    private readonly sendReply: SendReply,
  ) {
    this.slots = new Slots(concurrency, settings.logger);
    this.seen = new RecentIds(settings.limits.duplicateWindow, DUPLICATE_WINDOW);
  }

  /** Takes a message off the wire. Where it cannot be acknowledged, it is not processed: the broker delivers it again. */
  push(delivery: Delivery): void {
    this.slots.add({
      start: async () => {
        if (await delivery.acknowledge()) await this.process(delivery);
      },
      abandon: () => delivery.requeue(),
    });
  }

  /** Starts nothing new; resolves when all that runs is answered, or after the time. */
  drain(milliseconds: number): Promise<void> {
    return this.slots.drain(milliseconds);
  }

  private async process(delivery: Delivery): Promise<void> {
    let body: Buffer | undefined;
    let request: RpcRequest;
    try {
      body = delivery.read();
      request = readRequest(decodeEnvelope(body, this.settings.limits));
    } catch (error) {
      await this.refuse(body, toError(error));
      return;
    }
    if (request.uniqueId !== undefined) {
      if (this.seen.has(request.uniqueId)) {
        this.settings.logger.warn(`Dropped a duplicate of message ${oneLine(request.uniqueId, 64)}`);
        return;
      }
      this.seen.add(request.uniqueId);
    }
    const message = this.incoming(request);
    if (!message.wantsReply) this.warnOfUnusableAddress(request);
    await this.receive(message);
  }

  /** A cast names no address; a call whose address cannot be used runs all the same, as in Python. */
  private warnOfUnusableAddress({ msgId, replyQueue }: RpcRequest): void {
    if (msgId === undefined && replyQueue === undefined) return;
    const address = `message id "${oneLine(msgId ?? '', 64)}", reply queue "${oneLine(replyQueue ?? '', 64)}"`;
    this.settings.logger.warn(`A call cannot be answered: ${address}`);
  }

  /** What cannot be served is still answered, where it says whom to answer. */
  private async refuse(body: Buffer | undefined, error: Error): Promise<void> {
    this.settings.logger.warn(`Refused a message: ${oneLine(error.message, 300)}`);
    const address = body && salvageReplyAddress(body, this.settings.limits);
    if (!address) return;
    const request = { ...address, method: '', args: {}, namespace: undefined, version: undefined, context: {} };
    const failure = serializeFailure(new InvalidMessage(error.message));
    await this.incoming({ ...request, callMonitorTimeout: undefined }).reply({ result: null, failure, ending: true });
  }

  private incoming(request: RpcRequest): IncomingMessage {
    const { msgId, replyQueue } = request;
    const address =
      msgId !== undefined && replyQueue !== undefined && REPLY_QUEUE.test(replyQueue)
        ? { msgId, replyQueue }
        : undefined;
    return {
      request,
      wantsReply: address !== undefined,
      reply: async ({ result, failure, ending }) => {
        if (!address) return;
        const uniqueId = newId();
        try {
          const body = this.encode({ result, failure, ending, msgId: address.msgId, uniqueId });
          await this.sendReply(address.replyQueue, body, uniqueId);
        } catch (error) {
          this.settings.logger.warn(
            `The reply to ${oneLine(address.msgId, 64)} was dropped: ${oneLine(toError(error).message)}`,
          );
        }
      },
    };
  }

  /** A result that is not JSON, or too large, becomes the caller's failure instead of silence. */
  private encode(reply: RpcReply): Buffer {
    try {
      return encodeReply(reply, this.settings.limits);
    } catch (error) {
      return encodeReply(
        { ...reply, result: null, failure: serializeFailure(error), ending: true },
        this.settings.limits,
      );
    }
  }
}
