import { LRUCache } from 'lru-cache';
import { type Backoff, backoffDelay } from '../../core/backoff.js';
import type { Counters } from '../../core/counters.js';
import { toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import type { RpcRequest } from '../../core/rpc-message.js';
import type { DriverContext } from '../driver-context.js';
import { DeadLetters, type PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import type { DuplicateWindow } from './duplicate-window.js';
import type { IncomingRequest } from './incoming-request.js';
import { Pauses } from './pauses.js';

/** Puts a copy of the message into its queue, which says how often it has come back; rejects when it cannot. */
export type CountReturn = (delivery: Delivery, uniqueId: string | undefined) => Promise<void>;

/** One request, and the deliveries that will be settled with it. */
interface Work {
  readonly id: string;
  readonly deliveries: Delivery[];
  /** Number of times that it has come back. */
  readonly returns: number;
}

/** Delay before a request without an answer is requeued. */
const REQUEUE_BACKOFF: Backoff = { first: 100, growth: 'doubling', cap: 10_000 };

/** The requests that are delivered at least once: acknowledged when they are answered, set aside when they keep coming. */
export class AtLeastOnce {
  private readonly pauses = new Pauses();
  private readonly deadLetters: DeadLetters;
  /** By id. A lost channel brings a request again while it is in work: it is still run once. */
  private readonly inWork = new Map<string, Work>();
  /** By id: returns of requests that were put back here. It may be that nobody else counts them. */
  private returned: LRUCache<string, number> | undefined;
  /** Those whose reply waits for its queue, the oldest first. They hold no slot, but the broker hands over no more for them. */
  private readonly waiting = new Set<Work>();
  private readonly mostWaiting: number;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    context: DriverContext,
    concurrency: number,
    private readonly seen: DuplicateWindow,
    deadLetter: PublishDeadLetter,
    private readonly countReturn: CountReturn,
  ) {
    this.settings = context.settings;
    this.counters = context.counters;
    const { rabbit } = this.settings;
    this.deadLetters = new DeadLetters(context, 'request', deadLetter, this.pauses);
    this.mostWaiting = Math.floor(Math.min(concurrency, rabbit.prefetch || concurrency) / 2);
  }

  /** Acknowledges a request when it is answered; what is not comes again, here or at another server. */
  async process(
    { uniqueId }: RpcRequest,
    delivery: Delivery,
    run: () => Promise<IncomingRequest>,
  ): Promise<IncomingRequest | undefined> {
    const id = uniqueId ?? newId();
    const isNew = !this.inWork.has(id);
    const returns = this.returnsOf(delivery, uniqueId);
    const isPoison = returns >= this.deadLetters.limitOf(delivery);
    if (isNew && !isPoison && delivery.uncounted && (await this.recount(delivery, uniqueId))) return undefined;
    const twin = this.inWork.get(id);
    if (twin) {
      this.counters.count('duplicates');
      twin.deliveries.push(delivery);
      return undefined;
    }
    const work = { id, deliveries: [delivery], returns };
    this.inWork.set(id, work);
    if (isPoison) {
      await this.giveUp(work, delivery);
      return undefined;
    }
    try {
      const request = await run();
      if (request.waiting) this.settleAfter(request.waiting, work, request);
      else await this.settle(work, !request.isOwed);
      return request;
    } catch (error) {
      this.inWork.delete(id);
      throw error;
    }
  }

  /** Puts back at once what waits to be put back, from now on. */
  close(): void {
    this.pauses.close();
  }

  private returnsOf({ returns, redelivered }: Delivery, uniqueId: string | undefined): number {
    // What somebody moved back from the dead-letter queue begins anew.
    const known = redelivered && uniqueId !== undefined ? this.returned?.get(uniqueId) : undefined;
    return Math.max(returns, known ?? 0);
  }

  /**
   * Classic queues do not count what comes back, and a count in this process would die with it. So the message goes to
   * the end of its queue, with the count in a header, before it is taken off the front.
   */
  private async recount(delivery: Delivery, uniqueId: string | undefined): Promise<boolean> {
    try {
      await this.countReturn(delivery, uniqueId);
    } catch (error) {
      const why = oneLine(toError(error).message);
      this.settings.logger.warn(`Could not count the return of a request to ${delivery.queue}: ${why}`);
      return false;
    }
    await delivery.acknowledge();
    return true;
  }

  /** Sets aside what came back too often: it may well be what its servers die of. Whoever moves it back wants it processed. */
  private giveUp(work: Work, delivery: Delivery): Promise<void> {
    const { returns } = work;
    return this.deadLetters.take({
      delivery,
      reason: `it came back ${returns} ${returns === 1 ? 'time' : 'times'}, never acknowledged`,
      deliveries: returns + 1,
      kept: () => {
        this.returned?.delete(work.id);
        for (const one of this.end(work)) void one.acknowledge();
      },
      stopped: () => {
        for (const one of this.end(work)) one.release();
      },
    });
  }

  /**
   * The broker hands over a bounded number of unacknowledged requests. Dead callers may hold half of them; beyond that the
   * oldest counts as done, although its reply is still tried, since others wait for what it holds.
   */
  private settleAfter(reply: Promise<void>, work: Work, request: IncomingRequest): void {
    this.waiting.add(work);
    const [oldest = work] = this.waiting;
    if (this.waiting.size > this.mostWaiting) void this.settle(oldest, true);
    request.waiting = reply.then(() => this.settle(work, !request.isOwed));
  }

  private async settle(work: Work, done: boolean): Promise<void> {
    this.waiting.delete(work);
    if (this.inWork.get(work.id) !== work) return;
    if (!done) {
      this.postpone(work);
      return;
    }
    this.seen.add(work.id);
    this.returned?.delete(work.id);
    await Promise.all(this.end(work).map((one) => one.acknowledge()));
  }

  /** Later and later, so that a reply that cannot be sent is no hot loop. */
  private postpone(work: Work): void {
    const { duplicateWindow: max, duplicateTtl: ttl } = this.settings.limits;
    // It has room for all of them from the start, which most servers never need.
    this.returned ??= new LRUCache({ max, ttl, ttlResolution: 1000 });
    this.returned.set(work.id, work.returns + 1);
    this.pauses.begin(backoffDelay(REQUEUE_BACKOFF, work.returns), () => {
      for (const one of this.end(work)) one.requeue();
    });
  }

  /** Once: a message that is settled twice would cost the channel. What comes from now on is not settled with it. */
  private end({ id, deliveries }: Work): readonly Delivery[] {
    this.inWork.delete(id);
    return deliveries;
  }
}
