import { toError } from '../core/errors.js';
import { oneLine } from '../core/logger.js';
import { newId, type RpcRequest } from '../core/message.js';
import type { Settings } from '../core/options.js';
import { DeadLetters, type SetAside } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import type { IncomingRequest } from './incoming-request.js';
import type { RecentIds } from './recent-ids.js';

/** Puts a copy of the message into its queue, which says how often it has come back; rejects when it cannot. */
export type CountReturn = (delivery: Delivery, uniqueId: string | undefined) => Promise<void>;

/** One request, and the deliveries that will be settled with it. */
interface Work {
  readonly id: string;
  readonly deliveries: Delivery[];
}

/** The requests that are delivered at least once: acknowledged when they are answered, set aside when they keep coming. */
export class LateRequests {
  private readonly deadLetters: DeadLetters;
  /** By id. A lost channel brings a request again while it is in work: it is still run once. */
  private readonly inWork = new Map<string, Work>();
  /** Those whose reply waits for its queue, the oldest first. They hold no slot, but the broker hands over no more for them. */
  private readonly waiting = new Set<Work>();
  private readonly mostWaiting: number;

  constructor(
    private readonly settings: Settings,
    concurrency: number,
    private readonly seen: RecentIds,
    setAside: SetAside,
    private readonly countReturn: CountReturn,
  ) {
    this.deadLetters = new DeadLetters(settings, 'request', setAside);
    this.mostWaiting = Math.floor(Math.min(concurrency, settings.rabbit.prefetch || concurrency) / 2);
  }

  /** Acknowledges a request when it is answered; what is not comes again, here or at another server. */
  async process(
    { uniqueId }: RpcRequest,
    delivery: Delivery,
    run: () => Promise<IncomingRequest>,
  ): Promise<IncomingRequest | undefined> {
    const id = uniqueId ?? newId();
    const isNew = !this.inWork.has(id);
    if (isNew && delivery.uncounted && (await this.recount(delivery, uniqueId))) return undefined;
    const twin = this.inWork.get(id);
    if (twin) {
      this.settings.counters.count('duplicates');
      twin.deliveries.push(delivery);
      return undefined;
    }
    const work = { id, deliveries: [delivery] };
    this.inWork.set(id, work);
    try {
      if (await this.isPoison(delivery)) {
        await this.settle(work, true);
        return undefined;
      }
      const request = await run();
      if (request.waiting) this.settleAfter(request.waiting, work, request);
      else await this.settle(work, !request.isOwed);
      return request;
    } catch (error) {
      this.inWork.delete(id);
      throw error;
    }
  }

  /**
   * Classic queues do not count what comes back, and a count in this process would die with it. So the message goes to
   * the end of its queue, with the count in a header, before it is taken off the front.
   */
  private async recount(delivery: Delivery, uniqueId: string | undefined): Promise<boolean> {
    if (delivery.returns >= this.deadLetters.limit) return false;
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

  /** Sets aside what came back too often: it may well be what its servers die of. */
  private async isPoison(delivery: Delivery): Promise<boolean> {
    const { returns } = delivery;
    if (returns < this.deadLetters.limit) return false;
    return this.deadLetters.take(
      delivery,
      `it came back ${returns} ${returns === 1 ? 'time' : 'times'}, never acknowledged`,
    );
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

  /** Once: a message that is acknowledged twice would cost the channel. */
  private async settle(work: Work, done: boolean): Promise<void> {
    this.waiting.delete(work);
    if (this.inWork.get(work.id) !== work) return;
    // What comes from now on is not settled with it.
    this.inWork.delete(work.id);
    if (done) this.seen.add(work.id);
    await Promise.all(work.deliveries.map((one) => (done ? one.acknowledge() : one.requeue())));
  }
}
