import { LRUCache } from 'lru-cache';
import { InvalidMessage, toError } from '../core/errors.js';
import { serializeFailure } from '../core/failure.js';
import { oneLine } from '../core/logger.js';
import {
  type Dict,
  decodeEnvelope,
  encodeReply,
  newId,
  type RpcReply,
  type RpcRequest,
  readReplyAddress,
  readRequest,
} from '../core/message.js';
import type { Settings } from '../core/options.js';
import type { IncomingMessage, Receive } from './driver.js';

/** Puts one reply into a reply queue; rejects when it cannot. */
export type SendReply = (replyQueue: string, body: Buffer, uniqueId: string) => Promise<void>;

/** Resolves when the acknowledgement is on its way: false when it cannot be, and the broker delivers again. */
export type Acknowledge = () => Promise<boolean>;

interface Waiting {
  body: Buffer;
  acknowledge: Acknowledge;
}

/** Requests remembered for this long are not executed again. */
const DUPLICATE_WINDOW = 10 * 60_000;
/** Reply queues have this form; anything else could be another service's queue. */
const REPLY_QUEUE = /^reply_[\w.:@-]{1,240}$/;

/**
 * A server's requests between the broker and the handlers: acknowledged just before they start and only when a slot
 * is free, so that unstarted work stays in the broker; decoded, and dropped when seen before.
 */
export class Inbox {
  private readonly waiting: Waiting[] = [];
  private readonly seen: LRUCache<string, true>;
  private readonly idle: (() => void)[] = [];
  private running = 0;
  private open = true;

  constructor(
    private readonly settings: Settings,
    private readonly concurrency: number,
    private readonly receive: Receive,
    private readonly sendReply: SendReply,
  ) {
    this.seen = new LRUCache({ max: settings.limits.duplicateWindow, ttl: DUPLICATE_WINDOW });
  }

  /** Takes a message off the wire. */
  push(body: Buffer, acknowledge: Acknowledge): void {
    if (!this.open) return;
    if (this.running < this.concurrency) void this.start({ body, acknowledge });
    else this.waiting.push({ body, acknowledge });
  }

  /** Starts nothing new; resolves when all that runs is answered, or after the time. */
  async drain(milliseconds: number): Promise<void> {
    this.open = false;
    this.waiting.length = 0;
    if (this.running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.settings.logger.warn(`${this.running} handlers were still running after the drain timeout`);
        resolve();
      }, milliseconds);
      this.idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private async start({ body, acknowledge }: Waiting): Promise<void> {
    this.running++;
    try {
      if (await acknowledge()) await this.process(body);
    } catch (error) {
      this.settings.logger.error(`A message could not be processed: ${oneLine(toError(error).message)}`);
    } finally {
      this.running--;
      this.next();
    }
  }

  private next(): void {
    const waiting = this.waiting.shift();
    if (waiting) void this.start(waiting);
    else if (this.running === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  private async process(body: Buffer): Promise<void> {
    let message: Dict | undefined;
    let request: RpcRequest;
    try {
      message = decodeEnvelope(body, this.settings.limits);
      request = readRequest(message);
    } catch (error) {
      await this.refuse(message, toError(error));
      return;
    }
    if (request.uniqueId !== undefined) {
      if (this.seen.has(request.uniqueId)) {
        this.settings.logger.warn(`Dropped a duplicate of message ${oneLine(request.uniqueId, 64)}`);
        return;
      }
      this.seen.set(request.uniqueId, true);
    }
    await this.receive(this.incoming(request));
  }

  /** What cannot be served is still answered, where it says whom to answer. */
  private async refuse(message: Dict | undefined, error: Error): Promise<void> {
    this.settings.logger.warn(`Refused a message: ${oneLine(error.message, 300)}`);
    if (!message) return;
    const address = readReplyAddress(message);
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
      reply: async (reply) => {
        if (!address) return;
        const uniqueId = newId();
        try {
          await this.sendReply(address.replyQueue, this.encode({ ...reply, msgId: address.msgId, uniqueId }), uniqueId);
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
