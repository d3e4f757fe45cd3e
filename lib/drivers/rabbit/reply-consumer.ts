import { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, ServerListenError, toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/settings.js';
import type { SendOptions } from '../driver.js';
import { newReplyQueueName } from '../reply-queue.js';
import { SilenceWatch } from './connection/silence-watch.js';
import type { Consumer } from './consuming/consumer.js';
import type { OnMessage } from './consuming/reading.js';
import { type QueueSpec, replyQueue } from './topology/topology.js';

/** Time in milliseconds that the broker has to attach the queue where no call needs it. */
const ATTACH_MS = 10_000;

/** Time in milliseconds before the next attempt to attach it. */
const REFUSED_MS = 60_000;

/** Parts of the driver that consuming replies needs. */
export interface ReplyPorts {
  /** Returns a consumer of a queue, not started yet. */
  readonly consume: (queue: QueueSpec, onMessage: OnMessage) => Consumer;
  /** Includes the consumer in the health of the transport. */
  readonly watch: (replies: Consumer) => void;
  /** Doubts the node that replies are consumed from. */
  readonly doubt: () => Promise<unknown>;
  /** Returns true while replies are expected. */
  readonly isWaiting: () => boolean;
  /** Called when the queue has got another name. */
  readonly renamed: () => void;
}

/**
 * Consumes the messages for this transport alone from one queue, which is declared on first use. It keeps its name across
 * connections, so that replies still reach it.
 */
export class ReplyConsumer {
  /** True once replies have been consumed. */
  isReady = false;
  private consumer: Consumer | undefined;
  /** True once a call has needed it. */
  private isNeeded = false;
  private attaching: Promise<string | undefined> | undefined;
  /** Time before which no attempt is made, on the monotonic clock in milliseconds; Infinity once it is closed. */
  private refusedUntil = Number.NEGATIVE_INFINITY;
  private lastQueue: string | undefined;
  private readonly silence: SilenceWatch;

  constructor(
    private readonly settings: Settings,
    private readonly ports: ReplyPorts,
    private readonly onMessage: OnMessage,
  ) {
    this.silence = new SilenceWatch(ports.isWaiting, () => Promise.all([this.consumer?.inspect(), ports.doubt()]));
  }

  /** Name of the queue; undefined before its first use. */
  get queue(): string | undefined {
    return this.consumer?.names[0];
  }

  /** To be called with each call. */
  waiting(): void {
    this.silence.waiting();
  }

  /** Starts to consume, for a call. @throws MessageDeliveryFailure */
  async start({ deadline, retry }: Pick<SendOptions, 'deadline' | 'retry'>): Promise<void> {
    this.isNeeded = true;
    const consumer = this.open();
    this.ports.watch(consumer);
    try {
      await consumer.start(deadline, retry);
    } catch (error) {
      // To a caller it makes no difference which queue the broker refuses.
      throw error instanceof ServerListenError ? new MessageDeliveryFailure(error.message, { cause: error }) : error;
    }
    this.isReady = true;
  }

  /**
   * Starts to consume, where no call needs it, and resolves with the name of the queue. Resolves with undefined where the broker
   * refuses it: a user who only serves may lack the permission, which is no fault. Never rejects.
   */
  address(): Promise<string | undefined> {
    if (this.isReady) return Promise.resolve(this.queue);
    if (performance.now() < this.refusedUntil) return Promise.resolve(undefined);
    this.attaching ??= this.attach().finally(() => {
      this.attaching = undefined;
    });
    return this.attaching;
  }

  /** Stops consuming. */
  async close(): Promise<void> {
    this.refusedUntil = Number.POSITIVE_INFINITY;
    this.silence.close();
    await this.consumer?.cancel();
    await this.consumer?.close();
  }

  private open(): Consumer {
    if (this.consumer) return this.consumer;
    const consumer = this.ports.consume(replyQueue(newReplyQueueName(), this.settings.rabbit), (delivery) => {
      this.silence.received();
      this.onMessage(delivery);
    });
    consumer.onAttach = () => this.attached();
    this.consumer = consumer;
    return consumer;
  }

  private attached(): void {
    const { queue, lastQueue } = this;
    this.lastQueue = queue;
    if (lastQueue !== undefined && queue !== lastQueue) this.ports.renamed();
  }

  private async attach(): Promise<string | undefined> {
    const consumer = this.open();
    try {
      await consumer.start(Deadline.after(ATTACH_MS), 0);
      // Not before: a refusal must not concern the health of a server.
      this.ports.watch(consumer);
      this.isReady = true;
      return this.queue;
    } catch (error) {
      if (this.refusedUntil === Number.POSITIVE_INFINITY) return undefined;
      this.refusedUntil = performance.now() + REFUSED_MS;
      const reason = oneLine(toError(error).message);
      this.settings.logger.debug(`Callers cannot cancel their requests here, since there is no reply queue: ${reason}`);
      if (!this.isNeeded) await this.abandon(consumer);
      return undefined;
    }
  }

  private async abandon(consumer: Consumer): Promise<void> {
    this.consumer = undefined;
    this.lastQueue = undefined;
    await consumer.cancel();
    await consumer.close();
  }
}
