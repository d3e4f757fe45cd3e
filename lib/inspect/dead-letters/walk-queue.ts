import {
  ACQUIRED_COUNT,
  ConfigurationError,
  counted,
  DELIVERY_COUNT,
  keepHeaders,
  MessageUndeliverable,
  oneLine,
  type QueueType,
  type RawDelivery,
  type ReadingChannel,
} from '../../internal.js';
import type { DeadLetterBroker } from './broker.js';
import type { DeadLetterScope } from './dead-letter-options.js';
import { type MessageSource, messageSource } from './message-source.js';
import { untilReady } from './until-ready.js';

/** `remove` acknowledges a message; `keep` returns it to its place at the end of the walk; `stop` does so and ends it. */
export type Verdict = 'keep' | 'remove' | 'stop';

/** Reading of a queue, from its head. */
export interface Walk {
  readonly type: 'classic' | 'quorum';
  /** Messages that were ready at its begin. */
  readonly total: number;
  readonly read: number;
  readonly removed: number;
  /** Messages that are left at its end, without those that arrived meanwhile. */
  readonly left: number;
  /** True where its limit has left messages unread. */
  readonly isLimited: boolean;
  /** True when its signal ended it. */
  readonly interrupted: boolean;
  /** True where another program reads the queue, too: messages that it holds are not seen. */
  readonly isShared: boolean;
  readonly notices: readonly string[];
}

/** Bounds of a walk. */
export interface WalkBounds {
  /** True where no message is removed, and none is held for long. */
  readonly isLook: boolean;
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Consent to the harm of a look, see {@link DeadLetterScope}. */
  readonly consent?: DeadLetterScope['consent'];
}

/**
 * Number of returns, before the last that the broker allows, from which on a message is published again. The rest is for
 * programs that are killed with the message in hand.
 */
const MARGIN = 3;

/** Limit that is reckoned with where a policy may set one that is not known: a message is published again from its first return on. */
const SUPPOSED_LIMIT = MARGIN + 1;

/** Headers that the queue sets. */
const COUNTS: ReadonlySet<string> = new Set([DELIVERY_COUNT, ACQUIRED_COUNT]);

/**
 * Reads the first messages of a queue, calls the visitor with each, and returns those that it keeps. A message that arrives
 * meanwhile is not read. A quorum queue before RabbitMQ 4.3 counts each return, and drops a message beyond its limit: such a
 * message is published to the end of its queue again before. Where that may happen at every look, it asks for consent.
 * @throws MessageUndeliverable for a queue that does not exist, ConfigurationError without consent; the error of the visitor
 */
export async function walkQueue(
  broker: DeadLetterBroker,
  queue: string,
  bounds: WalkBounds,
  visit: (raw: RawDelivery) => Verdict | Promise<Verdict>,
): Promise<Walk> {
  const before = await broker.stateOf(queue);
  if (before === undefined) throw new MessageUndeliverable(`The queue "${queue}" does not exist`);
  const { messages: total, consumers } = before;
  const type = await broker.typeOf(queue);
  if (type.type === 'stream')
    throw new MessageUndeliverable(`The queue "${queue}" is a stream, which keeps its messages`);
  await askFor(queue, type, bounds);
  const channel = await broker.openReading();
  const source = messageSource(channel, queue, type, bounds.isLook);
  const walker = new Walker(broker, channel, source, queue, type);
  const limit = Math.min(bounds.limit, source.limit);
  let left = total;
  try {
    await walker.walk(Math.min(total, limit), bounds.signal, visit);
    // Another program may have taken some meanwhile.
    const isCut = walker.isStopped || bounds.signal?.aborted;
    const ready = isCut ? total : ((await broker.depthOf(queue).catch(() => undefined)) ?? total);
    left = Math.min(total - walker.removed, ready + walker.inHand);
  } finally {
    await broker.answered(channel.release(source.returnsByNack)).catch(() => undefined);
  }
  // Others take what returns.
  if (type.type === 'quorum' && consumers === 0 && walker.inHand > 0)
    await untilReady(broker, queue, left, bounds.signal);
  const { read, removed } = walker;
  const interrupted = bounds.signal?.aborted === true;
  const isLimited = !interrupted && total > limit && read >= limit;
  const missing = interrupted || walker.isStopped ? 0 : Math.min(total, limit) - read;
  const isShared = consumers > 0 || missing > 0;
  const notices = isShared ? [sharedNotice(queue, consumers, missing), ...walker.notices] : walker.notices;
  return { type: type.type, total, read, removed, left, isLimited, interrupted, isShared, notices };
}

/** @param missing number of messages that were ready at the begin, and were not received */
function sharedNotice(queue: string, consumers: number, missing: number): string {
  if (missing > 0)
    return `Another program reads "${queue}": ${counted(missing, 'message')} of it went there or expired, and cannot be seen here`;
  return `Another program consumes from "${queue}" (${counted(consumers, 'consumer')}): messages that it holds cannot be seen here`;
}

/** @throws ConfigurationError for a queue that must not be read without consent, where there is none */
async function askFor(queue: string, type: QueueType, { consent }: WalkBounds): Promise<void> {
  const { maxReturns, isCertain, returnsByNack } = type;
  if (type.type !== 'quorum' || returnsByNack || (isCertain && maxReturns > MARGIN)) return;
  const known = maxReturns <= MARGIN ? `, and its delivery limit is ${maxReturns}` : '';
  const reason = isCertain
    ? `A look at "${queue}" counts as a delivery${known}: each look publishes its messages to the end of the queue again`
    : `A look at "${queue}" counts as a delivery${known}, and only the management API tells a lower delivery limit by a policy: messages that were returned before are published to the end of the queue again`;
  if (await consent?.(reason)) return;
  const url = isCertain ? '' : 'the URL of the management API (--management-url, rabbit.managementUrl), or ';
  throw new ConfigurationError(`${reason}. It was not read: that needs ${url}consent (--yes)`);
}

class Walker {
  read = 0;
  removed = 0;
  /** True where the visitor has ended the walk: messages that were asked for ahead are in hand, too. */
  isStopped = false;
  private renewed = 0;
  private unrenewed: string | undefined;

  constructor(
    private readonly broker: DeadLetterBroker,
    private readonly channel: ReadingChannel,
    private readonly source: MessageSource,
    private readonly queue: string,
    private readonly type: QueueType,
  ) {}

  async walk(
    count: number,
    signal: AbortSignal | undefined,
    visit: (raw: RawDelivery) => Verdict | Promise<Verdict>,
  ): Promise<void> {
    for (let left = count; left > 0 && !signal?.aborted; left--) {
      const raw = await this.broker.answered(this.source.next(left));
      if (raw === undefined) break;
      this.read++;
      const verdict = await visit(raw);
      if (verdict === 'remove') this.remove(raw);
      else if (this.isSpent(raw)) await this.renew(raw);
      if (verdict === 'stop') {
        this.isStopped = true;
        break;
      }
    }
  }

  /** Number of messages that return to the queue at the end. */
  get inHand(): number {
    return this.read - this.removed - this.renewed;
  }

  get notices(): string[] {
    const { maxReturns } = this.type;
    const isKnown = Number.isFinite(maxReturns);
    const notices: string[] = [];
    if (this.renewed > 0)
      notices.push(
        `${this.renewed} messages were published to the end of "${this.queue}" again, because ${isKnown ? `the queue drops a message after ${maxReturns} deliveries` : 'the queue may drop a message after few deliveries'} and reading is one`,
      );
    if (this.unrenewed !== undefined)
      notices.push(
        `Messages of "${this.queue}" will soon be dropped by its delivery limit${isKnown ? ` of ${maxReturns}` : ''}, since each look is a delivery, and cannot be published again (${this.unrenewed}): replay them, or raise the limit by a policy`,
      );
    if (this.source.reorders && this.read > this.removed + this.renewed + 1)
      notices.push(
        `Messages that stay in "${this.queue}" may be in another order: it is a quorum queue before RabbitMQ 4.3`,
      );
    return notices;
  }

  private remove({ deliveryTag }: RawDelivery): void {
    this.channel.acknowledge(deliveryTag);
    this.removed++;
  }

  /** Returns true for a message that few more returns would drop. */
  private isSpent({ properties: { headers } }: RawDelivery): boolean {
    const count: unknown = headers.get(DELIVERY_COUNT);
    const { maxReturns, isCertain, returnsByNack } = this.type;
    const limit = isCertain ? maxReturns : Math.min(maxReturns, SUPPOSED_LIMIT);
    return !returnsByNack && (typeof count === 'number' ? count : 0) >= limit - MARGIN;
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
