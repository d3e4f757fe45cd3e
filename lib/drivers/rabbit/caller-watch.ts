import type { ChannelModel } from 'amqplib';
import { LRUCache } from 'lru-cache';
import { Deadline } from '../../core/deadline.js';
import { pause } from '../../core/pause.js';
import type { ChannelBudget } from './connection/channel-budget.js';
import type { RabbitConnection } from './connection/connection.js';
import { isAbsent } from './connection/reply-code.js';
import { DeclaringChannels } from './topology/declaring-channels.js';

/**
 * Time in milliseconds after which a caller is looked for again: one that seems to be gone may be reconnecting, which takes
 * Python a second. A caller that is there is looked for between two heartbeats, too: the later it was seen, the longer it
 * may take to reconnect.
 */
const LOOK_MS = 450;

/**
 * Time in milliseconds, beyond the interval of heartbeats, for which a caller may be missing. A dead caller is to be noticed
 * within the interval and a second.
 */
const MISSING_MS = 900;

/** Maximum number of callers whose last sign of life is known. */
const MAX_CALLERS = 1000;

/** Time in milliseconds that the broker has to answer. */
const ANSWER_MS = 5000;

/**
 * Finds out if callers still read their replies. The reply queue of a process that was killed stays for half an hour by
 * default, so that a heartbeat is delivered; but nobody consumes the queue.
 */
export class CallerWatch {
  private readonly channels: DeclaringChannels;
  /** Running checks, by queue. The requests of one caller share them. */
  private readonly checks = new Map<string, Promise<boolean>>();
  private readonly closing = new AbortController();
  /** Times at which reply queues had a consumer, on the monotonic clock in milliseconds. */
  private readonly seen = new LRUCache<string, number>({ max: MAX_CALLERS });
  /** Timers of the looks between two heartbeats, by queue. */
  private readonly looks = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly connection: RabbitConnection,
    budget: ChannelBudget,
  ) {
    this.channels = new DeclaringChannels(budget);
  }

  /**
   * Delivers a heartbeat, and tries again for a while where its caller seems to be gone. Resolves with false when it is gone.
   * @param deliver delivers the heartbeat; resolves with false when its queue is missing
   * @param interval milliseconds between heartbeats
   */
  async reaches(queue: string, deliver: () => Promise<boolean>, interval: number): Promise<boolean> {
    const { signal } = this.closing;
    const now = performance.now();
    const until = Math.max(now + LOOK_MS, (this.seen.get(queue) ?? now - interval) + interval + MISSING_MS);
    let wasMissing = false;
    while (!signal.aborted) {
      const isDelivered = await deliver();
      // A queue that exists again was declared by its caller.
      if (isDelivered && (wasMissing || (await this.isConsumed(queue)))) {
        this.lookLater(queue);
        return true;
      }
      wasMissing ||= !isDelivered;
      const left = until - performance.now();
      if (left <= 0) return false;
      await pause(Math.min(left, LOOK_MS), signal);
    }
    return true;
  }

  close(): void {
    this.closing.abort();
    for (const timer of this.looks.values()) clearTimeout(timer);
    this.looks.clear();
  }

  private lookLater(queue: string): void {
    if (this.closing.signal.aborted || this.looks.has(queue)) return;
    const timer = setTimeout(() => {
      this.looks.delete(queue);
      void this.isConsumed(queue);
    }, LOOK_MS);
    timer.unref();
    this.looks.set(queue, timer);
  }

  private isConsumed(queue: string): Promise<boolean> {
    const running = this.checks.get(queue);
    if (running) return running;
    const check = this.check(queue).finally(() => this.checks.delete(queue));
    this.checks.set(queue, check);
    return check;
  }

  /** Returns true where nothing is proven: without a connection, and for a queue that only its owner may look at. */
  private async check(queue: string): Promise<boolean> {
    const { current } = this.connection;
    if (!current) return true;
    try {
      return await Deadline.after(ANSWER_MS).race(this.hasConsumer(current, queue), () => new Error('no answer'));
    } catch (error) {
      return !isAbsent(error);
    }
  }

  private async hasConsumer(model: ChannelModel, queue: string): Promise<boolean> {
    const asked = performance.now();
    let consumers = 0;
    await this.channels.use(model, async (channel) => {
      consumers = (await channel.checkQueue(queue)).consumerCount;
    });
    if (consumers > 0) this.seen.set(queue, asked);
    return consumers > 0;
  }
}
