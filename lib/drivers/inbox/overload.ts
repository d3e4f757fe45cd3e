import { toError } from '../../core/errors.js';
import { overloadFailure } from '../../core/failure.js';
import { type LogSubject, logAbout } from '../../core/log-subject.js';
import { oneLine } from '../../core/logger.js';
import type { RpcRequest } from '../../core/rpc-message.js';
import type { NeedsNoSlot, OverloadState } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import type { QueueWait, ServerLoad } from './caller-clocks.js';
import type { Delivery } from './delivery.js';
import { EventLoopLoad, INTERVAL_MS } from './event-loop-load.js';
import { FreeSlots } from './free-slots.js';
import { EPISODE_MS, LoadShedding, NO_WAIT_MS } from './load-shedding.js';
import { ServiceTimes } from './service-times.js';

/** Maximum number of refusals whose reply is not sent yet. Further calls wait as usual. */
const MAX_REFUSALS = 1000;

/** Time for which all slots must have been taken until the server counts as full, in milliseconds: a call that waits for a moment shows no lack of them. */
export const FULL_MS = 100;

/** Time for which a slot may be free until the broker has sent the next request, in milliseconds. */
const GAP_MS = 5;

/** Overload of a server: finds the calls that it refuses, and reports the beginning and the end. */
export class Overload implements ServerLoad {
  private readonly shedding = new LoadShedding();
  private readonly times = new ServiceTimes();
  private readonly loop = new EventLoopLoad();
  private readonly slots: FreeSlots;
  /** Time since which calls have certainly waited. */
  private waitingSince: number | undefined;
  private refusing = 0;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private begun = 0;
  /** Number of refusals of the overload that is reported, and of all. */
  private refusals = 0;
  private total = 0;
  private closed = false;

  constructor(
    private readonly context: DriverContext,
    private readonly needsNoSlot: NeedsNoSlot | undefined,
    /** True where requests are acknowledged after their reply. */
    private readonly atLeastOnce: boolean,
  ) {
    // The broker sends such a request only when another one has ended.
    this.slots = new FreeSlots(atLeastOnce ? GAP_MS : 0);
  }

  /** Returns true when calls that must wait are to be examined. */
  isActive(now: number): boolean {
    return this.shedding.isPressed(now) && this.refusing < MAX_REFUSALS;
  }

  /** Returns true when the server has waited for requests. */
  get isIdle(): boolean {
    return this.slots.isIdle;
  }

  /** Returns true during a proved overload, and for some time after it. */
  get isOverloaded(): boolean {
    return this.shedding.wasOverloaded(performance.now());
  }

  /** Returns true while calls are refused. */
  get isRefusing(): boolean {
    return performance.now() - this.refusedAt < 2 * EPISODE_MS;
  }

  /** State for people: an overload begins and ends as its log lines say. */
  get state(): OverloadState {
    return { refusing: this.timer !== undefined, refused: this.total };
  }

  /** Called when a request gets a slot or has to wait. @param full true when no further one would get a slot */
  take(now: number, full: boolean): void {
    this.slots.take(now, full);
  }

  /** Called when a slot is free and nothing waits. */
  free(): void {
    this.slots.free(performance.now());
  }

  /**
   * Returns true for a call that is to be refused. Casts, and requests that may have been started, never are.
   * @param queueWait time before the arrival; undefined where the caller has not told when it was written
   * @param waits true for a call that found no free slot
   */
  refuses(request: RpcRequest, delivery: Delivery, queueWait: QueueWait | undefined, waits: boolean): boolean {
    const { expiration: timeout, expires, repeated, queue } = delivery;
    if (!timeout || request.msgId === undefined || request.replyQueue === undefined) return false;
    const now = performance.now();
    const here = now - (expires - timeout);
    const certain = queueWait?.certain;
    const isEstimated = certain !== undefined;
    let before = queueWait?.before;
    // Had it waited for longer, it would have come when a slot was free.
    if (isEstimated && waits) before = Math.max(certain, Math.min(before ?? 0, this.slots.fullFor(now)));
    const full = this.isFull(isEstimated ? undefined : before, here, waits, isEstimated, now);
    const wait = (before ?? 0) + here;
    if (wait < NO_WAIT_MS) {
      if (before !== undefined && !isEstimated) this.shedding.observe(wait, now);
      return false;
    }
    if (repeated || this.refusing >= MAX_REFUSALS || this.needsNoSlot?.selects(request)) return false;
    const need = this.times.of(request.method);
    const { loop, slots, shedding } = this;
    loop.measure(now, now - this.refusedAt < INTERVAL_MS);
    if (slots.fullFor(now) < FULL_MS && !loop.isSaturated) shedding.distrust();
    const computing = isEstimated ? loop.isSaturated : loop.isBusy;
    const freed = slots.freedFor(now) < NO_WAIT_MS;
    if (!shedding.refuses({ before, certain, here, timeout, need, full, computing, freed }, now)) return false;
    this.refused(queue, now);
    return true;
  }

  /**
   * Called when a request is dropped in its slot, because its caller has given up. Where all calls expire while they wait for
   * a slot, there is no other sign of an overload: each slot is free when the broker sends the next one.
   */
  expired({ expiration: timeout, waitingSince }: Delivery, now: number): void {
    const isFull = this.slots.fullFor(now) >= FULL_MS;
    // It found a free slot: the clock of its caller may have stood still.
    if (waitingSince === undefined && !(this.atLeastOnce && isFull)) return;
    this.slots.freed(now);
    if (waitingSince !== undefined && isFull && timeout) this.shedding.late(timeout, now);
  }

  /** Returns true for a call whose run is to be measured. */
  isPressed({ waitingSince }: Delivery, delay: number | undefined): boolean {
    return waitingSince !== undefined || (delay !== undefined && delay >= NO_WAIT_MS);
  }

  /** Measures the run of a call. */
  measure(method: string, run: Promise<void>): Promise<void> {
    const started = performance.now();
    return run.finally(() => this.times.add(method, performance.now() - started));
  }

  /** Returns the failure that refuses a call. */
  failureOf({ queue, expiration = 0 }: Delivery): string {
    return overloadFailure(
      `The server is overloaded: the call waited too long in "${queue}" to end within its ${expiration / 1000} s. It was not started`,
    );
  }

  /** Counts a refusal until its reply is sent. Never rejects. */
  async track(reply: Promise<void>, subject: () => LogSubject): Promise<void> {
    this.refusing++;
    try {
      await reply;
    } catch (error) {
      const text = `A call could not be refused: ${oneLine(toError(error).message)}`;
      logAbout(this.context.settings.logger, 'error', subject(), text);
    } finally {
      this.refusing--;
    }
  }

  /** Ends the report of an overload. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /**
   * Returns true when all slots have been taken for a while, from what calls have certainly waited and from the slots. With
   * delivery at least once, a slot is free while the broker sends the next request, so only estimates are held against it.
   */
  private isFull(before: number | undefined, here: number, waits: boolean, isEstimated: boolean, now: number): boolean {
    if (before !== undefined) {
      if (before + here < NO_WAIT_MS) this.waitingSince = undefined;
      else if (waits) this.waitingSince = Math.min(this.waitingSince ?? now, now - here);
    }
    if (!waits) return false;
    if ((isEstimated || !this.atLeastOnce) && this.slots.fullFor(now) < FULL_MS) return false;
    return isEstimated || here >= FULL_MS || now - (this.waitingSince ?? now) >= FULL_MS;
  }

  private refused(queue: string, now: number): void {
    this.context.counters.count('shedRequests');
    this.refusedAt = now;
    this.slots.freed(now);
    this.refusals++;
    this.total++;
    if (this.timer !== undefined || this.closed) return;
    this.begun = now;
    this.refusals = 1;
    this.context.settings.logger.warn(
      `Overloaded: calls in "${oneLine(queue, 100)}" have waited for so long that they cannot end in time; refusing calls (ServerOverloaded) until the server keeps up`,
    );
    this.watchEnd(this.refusals);
  }

  private watchEnd(refusals: number): void {
    this.timer = setTimeout(() => {
      if (this.refusals > refusals) this.watchEnd(this.refusals);
      else this.ended(performance.now());
    }, EPISODE_MS);
    this.timer.unref();
  }

  private ended(now: number): void {
    this.timer = undefined;
    const seconds = ((now - this.begun) / 1000).toFixed(1);
    this.context.settings.logger.log(`No longer overloaded after ${seconds} s; refused ${this.refusals} calls`);
  }
}
