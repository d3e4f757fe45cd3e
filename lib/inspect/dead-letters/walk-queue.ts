import {
  ACQUIRED_COUNT,
  DELIVERY_COUNT,
  type GettingChannel,
  keepHeaders,
  MessageUndeliverable,
  oneLine,
  type QueueType,
  type RawDelivery,
} from '../../internal.js';
import type { DeadLetterBroker } from './broker.js';

/** `remove` acknowledges a message; `keep` returns it to its place at the end of the walk. */
export type Verdict = 'keep' | 'remove';

/** Reading of a queue, from its head. */
export interface Walk {
  readonly type: 'classic' | 'quorum';
  /** Messages that were ready at its begin. */
  readonly total: number;
  readonly read: number;
  readonly removed: number;
  /** True when its signal ended it. */
  readonly interrupted: boolean;
  readonly notices: readonly string[];
}

/** Bounds of a walk. */
export interface WalkBounds {
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

/** Maximum number of messages that are asked for before the one in hand is done. */
const MAX_AHEAD = 8;
/** Size in bytes of a body from which on the next message is asked for by itself. */
const LARGE_BODY_BYTES = 256 * 1024;
/**
 * Number of returns, before the last that the broker allows, from which on a message is published again. The rest is for
 * programs that are killed with the message in hand.
 */
const MARGIN = 3;

/** Headers that the queue sets. */
const COUNTS: ReadonlySet<string> = new Set([DELIVERY_COUNT, ACQUIRED_COUNT]);

/**
 * Reads the first messages of a queue, calls the visitor with each, and returns those that it keeps to their places. A message
 * that arrives meanwhile is not read. A quorum queue before RabbitMQ 4.3 counts each return, and drops a message beyond its
 * limit: such a message is published to the end of its queue again before.
 * @throws MessageUndeliverable for a queue that does not exist; the error of the visitor
 */
export async function walkQueue(
  broker: DeadLetterBroker,
  queue: string,
  bounds: WalkBounds,
  visit: (raw: RawDelivery) => Verdict | Promise<Verdict>,
): Promise<Walk> {
  const total = await broker.depthOf(queue);
  if (total === undefined) throw new MessageUndeliverable(`The queue "${queue}" does not exist`);
  const type = await broker.typeOf(queue);
  if (type.type === 'stream')
    throw new MessageUndeliverable(`The queue "${queue}" is a stream, which keeps its messages`);
  const channel = await broker.openGetting();
  const walker = new Walker(broker, channel, queue, type);
  try {
    await walker.walk(Math.min(total, bounds.limit), bounds.signal, visit);
  } finally {
    await broker.answered(channel.release(type.returnsByNack)).catch(() => undefined);
  }
  const { read, removed, notices } = walker;
  return { type: type.type, total, read, removed, interrupted: bounds.signal?.aborted === true, notices };
}

class Walker {
  read = 0;
  removed = 0;
  private renewed = 0;
  private unrenewed: string | undefined;
  private readonly asked: Promise<RawDelivery | undefined>[] = [];

  constructor(
    private readonly broker: DeadLetterBroker,
    private readonly channel: GettingChannel,
    private readonly queue: string,
    private readonly type: QueueType,
  ) {}

  async walk(
    count: number,
    signal: AbortSignal | undefined,
    visit: (raw: RawDelivery) => Verdict | Promise<Verdict>,
  ): Promise<void> {
    let ahead = 1;
    for (let left = count; left > 0 && !signal?.aborted; left--) {
      while (this.asked.length < Math.min(ahead, left)) this.ask();
      const raw = await this.broker.answered(this.asked.shift() ?? this.channel.get(this.queue));
      if (raw === undefined) break;
      this.read++;
      ahead = raw.body.length >= LARGE_BODY_BYTES ? 1 : Math.min(MAX_AHEAD, ahead + 1);
      const verdict = await visit(raw);
      if (verdict === 'remove') this.remove(raw);
      else if (this.isSpent(raw)) await this.renew(raw);
    }
  }

  get notices(): string[] {
    const { type, maxReturns, isCertain, returnsByNack } = this.type;
    const notices: string[] = [];
    if (this.renewed > 0)
      notices.push(
        `${this.renewed} messages were published to the end of "${this.queue}" again, because the queue drops a message after ${maxReturns} deliveries and reading is one`,
      );
    if (this.unrenewed !== undefined)
      notices.push(
        `Messages of "${this.queue}" will soon be dropped by its delivery limit of ${maxReturns}, since each look is a delivery, and cannot be published again (${this.unrenewed}): replay them, or raise the limit by a policy`,
      );
    if (type === 'quorum' && !returnsByNack && !isCertain && this.read > 0)
      notices.push(
        `Each look at "${this.queue}" counts as a delivery, and a delivery-limit by a policy is seen by the management API only: give its URL`,
      );
    return notices;
  }

  private ask(): void {
    const asked = this.channel.get(this.queue);
    // The walk may end before it awaits this one.
    asked.catch(() => undefined);
    this.asked.push(asked);
  }

  private remove({ deliveryTag }: RawDelivery): void {
    this.channel.acknowledge(deliveryTag);
    this.removed++;
  }

  /** Returns true for a message that few more returns would drop. */
  private isSpent({ properties: { headers } }: RawDelivery): boolean {
    const count: unknown = headers.get(DELIVERY_COUNT);
    const { maxReturns, returnsByNack } = this.type;
    return !returnsByNack && (typeof count === 'number' ? count : 0) >= maxReturns - MARGIN;
  }

  /** Publishes a message to its queue again, whose deliveries are then counted from the start, and removes it. */
  private async renew(raw: RawDelivery): Promise<void> {
    const { headerTable } = raw.properties;
    const reason = await this.broker
      .publish({
        queue: this.queue,
        body: raw.body,
        headers: {},
        keptHeaders: headerTable && keepHeaders(headerTable, COUNTS),
      })
      .catch((error: Error) => oneLine(error.message));
    if (reason !== undefined) {
      this.unrenewed = reason;
      return;
    }
    this.channel.acknowledge(raw.deliveryTag);
    this.renewed++;
  }
}
