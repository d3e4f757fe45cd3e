import type { ChannelModel } from 'amqplib';
import { Deadline } from '../../core/deadline.js';
import { pause } from '../../core/pause.js';
import type { ChannelBudget } from './connection/channel-budget.js';
import type { RabbitConnection } from './connection/connection.js';
import { isAbsent } from './connection/reply-code.js';
import { DeclaringChannels } from './topology/declaring-channels.js';

/**
 * Time in milliseconds after which a caller that seems to be gone is looked for again. It may be reconnecting, which takes
 * less time usually. A dead caller is to be noticed within a second of a heartbeat.
 */
const RECHECK_MS = 700;

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

  constructor(
    private readonly connection: RabbitConnection,
    budget: ChannelBudget,
  ) {
    this.channels = new DeclaringChannels(budget);
  }

  /**
   * Delivers a heartbeat, and tries again soon where its caller seems to be gone. Resolves with false when it is gone.
   * @param deliver delivers the heartbeat; resolves with false when its queue is missing
   */
  async reaches(queue: string, deliver: () => Promise<boolean>): Promise<boolean> {
    if (await this.isHeard(queue, deliver)) return true;
    await pause(RECHECK_MS, this.closing.signal);
    return this.closing.signal.aborted || this.isHeard(queue, deliver);
  }

  close(): void {
    this.closing.abort();
  }

  private async isHeard(queue: string, deliver: () => Promise<boolean>): Promise<boolean> {
    return (await deliver()) && this.isConsumed(queue);
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
    let consumers = 0;
    await this.channels.use(model, async (channel) => {
      consumers = (await channel.checkQueue(queue)).consumerCount;
    });
    return consumers > 0;
  }
}
