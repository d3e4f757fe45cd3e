import { InvalidMessage, MessageUndeliverable, toError } from '../core/errors.js';
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
import { DeadLetters, type SetAside } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import type { IncomingMessage, IsLate, Receive } from './driver.js';
import { RecentIds } from './recent-ids.js';
import { Slots } from './slots.js';

/** Puts one reply into a reply queue; rejects when it cannot. */
export type SendReply = (replyQueue: string, body: Buffer, uniqueId: string) => Promise<void>;

/** Reply queues have this form; anything else could be another service's queue. */
const REPLY_QUEUE = /^reply_[\w.:@-]{1,240}$/;

/** A reply that was neither taken by the broker nor in vain: whoever gets the request again has to answer it. */
interface Answering extends IncomingMessage {
  readonly isOwed: () => boolean;
}

/**
 * A server's requests between the broker and the handlers: acknowledged just before they start and only when a slot
 * is free, so that unstarted work stays in the broker, or late, when they are answered; dropped when seen before.
 */
export class Inbox {
  private readonly slots: Slots;
  private readonly seen: RecentIds;
  private readonly deadLetters: DeadLetters;
  /** Late requests in work. A lost channel brings one again meanwhile: it is still run once. */
  private readonly inWork = new Map<string, Delivery[]>();

  constructor(
    private readonly settings: Settings,
    concurrency: number,
    private readonly receive: Receive,
    private readonly isLate: IsLate,
    private readonly sendReply: SendReply,
    setAside: SetAside,
  ) {
    this.deadLetters = new DeadLetters(settings, 'request', setAside);
    this.slots = new Slots(concurrency, settings.logger);
    this.seen = new RecentIds(settings.limits.duplicateWindow);
  }

  /** How much is in work. */
  get busy(): number {
    return this.slots.taken;
  }

  /** Takes a message off the wire. Where it cannot be acknowledged, it is not processed: the broker delivers it again. */
  push(delivery: Delivery): void {
    this.slots.add({
      start: () => this.process(delivery),
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
      if (await delivery.acknowledge()) await this.refuse(body, toError(error));
      return;
    }
    if (this.isDuplicate(request)) await delivery.acknowledge();
    else if (this.isLate(request)) await this.runLate(request, delivery);
    // Its twin may have been acknowledged together with it.
    else if ((await delivery.acknowledge()) && !this.isDuplicate(request)) {
      if (request.uniqueId !== undefined) this.seen.add(request.uniqueId);
      await this.run(request);
    }
  }

  private isDuplicate({ uniqueId }: RpcRequest): boolean {
    if (uniqueId === undefined || !this.seen.has(uniqueId)) return false;
    this.settings.counters.count('duplicates');
    this.settings.logger.warn(`Dropped a duplicate of message ${oneLine(uniqueId, 64)}`);
    return true;
  }

  private async run(request: RpcRequest): Promise<Answering> {
    const message = this.incoming(request);
    if (!message.wantsReply) this.warnOfUnusableAddress(request);
    await this.receive(message);
    return message;
  }

  /** Acknowledges a request when it is answered; what is not comes again, here or at another server. */
  private async runLate(request: RpcRequest, delivery: Delivery): Promise<void> {
    const { uniqueId = newId() } = request;
    const twins = this.inWork.get(uniqueId);
    if (twins) {
      this.settings.counters.count('duplicates');
      twins.push(delivery);
      return;
    }
    const deliveries = [delivery];
    this.inWork.set(uniqueId, deliveries);
    try {
      const done = (await this.isPoison(delivery)) || !(await this.run(request)).isOwed();
      if (done) this.seen.add(uniqueId);
      await Promise.all(deliveries.map((one) => (done ? one.acknowledge() : one.requeue())));
    } finally {
      this.inWork.delete(uniqueId);
    }
  }

  /** Sets aside what came back too often: it may well be what its servers die of. */
  private async isPoison(delivery: Delivery): Promise<boolean> {
    const { returns } = delivery;
    if (returns < this.deadLetters.limit) return false;
    return this.deadLetters.take(
      delivery,
      `it came back ${returns} ${returns === 1 ? 'time' : 'times'}, never acknowledged`,
    );
  }

  /** A cast names no address; a call whose address cannot be used runs all the same, as in Python. */
  private warnOfUnusableAddress({ msgId, replyQueue }: RpcRequest): void {
    if (msgId === undefined && replyQueue === undefined) return;
    const address = `message id "${oneLine(msgId ?? '', 64)}", reply queue "${oneLine(replyQueue ?? '', 64)}"`;
    this.settings.logger.warn(`A call cannot be answered: ${address}`);
  }

  /** What cannot be served is still answered, where it says whom to answer. */
  private async refuse(body: Buffer | undefined, error: Error): Promise<void> {
    this.settings.counters.count('refusedMessages');
    this.settings.logger.warn(`Refused a message: ${oneLine(error.message, 300)}`);
    const address = body && salvageReplyAddress(body, this.settings.limits);
    if (!address) return;
    const request = { ...address, method: '', args: {}, namespace: undefined, version: undefined, context: {} };
    const failure = serializeFailure(new InvalidMessage(error.message), this.settings.sendTracebacks);
    await this.incoming({ ...request, callMonitorTimeout: undefined }).reply({ result: null, failure, ending: true });
  }

  private incoming(request: RpcRequest): Answering {
    const { msgId, replyQueue } = request;
    const address =
      msgId !== undefined && replyQueue !== undefined && REPLY_QUEUE.test(replyQueue)
        ? { msgId, replyQueue }
        : undefined;
    let owed = address !== undefined;
    return {
      request,
      wantsReply: address !== undefined,
      isOwed: () => owed,
      reply: async ({ result, failure, ending }) => {
        if (!address) return;
        const uniqueId = newId();
        try {
          const body = this.encode({ result, failure, ending, msgId: address.msgId, uniqueId });
          await this.sendReply(address.replyQueue, body, uniqueId);
          if (ending) owed = false;
        } catch (error) {
          // Nobody waits for it any more.
          if (error instanceof MessageUndeliverable) owed = false;
          this.settings.counters.count('droppedReplies');
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
        { ...reply, result: null, failure: serializeFailure(error, this.settings.sendTracebacks), ending: true },
        this.settings.limits,
      );
    }
  }
}
