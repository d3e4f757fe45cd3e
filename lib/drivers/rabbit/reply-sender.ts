import { LRUCache } from 'lru-cache';
import { Deadline } from '../../core/deadline.js';
import { MessageUndeliverable } from '../../core/errors.js';
import type { Settings } from '../../core/options.js';
import type { Publisher } from './publisher.js';

/** Wait between tries to reach a reply queue that is not there. */
const RETRY_DELAY = 250;

/** Sends replies; outlasts a reply queue that is away for a while, and remembers those that stay away. */
export class ReplySender {
  private readonly gone = new LRUCache<string, true>({ max: 200, ttl: 60_000, ttlResolution: 1000 });
  private readonly pauses = new Map<NodeJS.Timeout, () => void>();
  private closed = false;

  constructor(
    private readonly publisher: Publisher,
    private readonly settings: Settings,
  ) {}

  /** @throws MessageUndeliverable when the reply queue is gone for good */
  async send(replyQueue: string, body: Buffer, uniqueId: string): Promise<void> {
    const deadline = Deadline.after(this.settings.rabbit.missingReplyQueueTimeout);
    while (!this.gone.has(replyQueue)) {
      try {
        return await this.publisher.publish(
          { exchange: undefined, routingKey: replyQueue, body, mandatoryId: uniqueId },
          deadline,
        );
      } catch (error) {
        if (!(error instanceof MessageUndeliverable)) throw error;
        if (deadline.expired || this.closed) this.gone.set(replyQueue, true);
        else await this.pause();
      }
    }
    throw new MessageUndeliverable(`The reply queue ${replyQueue} is gone`);
  }

  close(): void {
    this.closed = true;
    for (const [timer, resolve] of this.pauses) {
      clearTimeout(timer);
      resolve();
    }
    this.pauses.clear();
  }

  private pause(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.pauses.delete(timer);
        resolve();
      }, RETRY_DELAY);
      this.pauses.set(timer, resolve);
    });
  }
}
