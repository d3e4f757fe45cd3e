import type { ConsumedQueueHealth } from '../../core/health.js';
import type { Listener, QueueDepth } from '../driver.js';
import { type InboxLoad, sumOfLoads } from '../inbox/concurrency-limit.js';
import type { Delivery } from '../inbox/delivery.js';
import type { Inbox } from '../inbox/inbox.js';
import type { Binding } from '../routing.js';
import type { MemoryBroker } from './memory-broker.js';
import type { Reading } from './memory-delivery.js';

/** Running server or notification listener. */
interface Serving {
  readonly queues: readonly string[];
  readonly inbox: Inbox;
  /** Stops delivering. */
  cancel(): void;
  /** Returns unacknowledged messages to the queues, and deletes transient ones. */
  release(): void;
}

/** Running servers and notification listeners of one transport. */
export class MemoryServings {
  private readonly servings = new Set<Serving>();

  constructor(private readonly broker: MemoryBroker) {}

  /** Number of requests, notifications and batches in work. */
  get busy(): number {
    return [...this.servings].reduce((sum, { inbox }) => sum + inbox.busy, 0);
  }

  /** Slots of all servers and listeners, and the messages that wait for one. */
  get load(): InboxLoad {
    return sumOfLoads([...this.servings].map(({ inbox }) => inbox.load));
  }

  /** Returns the number of messages in each consumed queue. */
  depths(): QueueDepth[] {
    const names = new Set([...this.servings].flatMap(({ queues }) => queues));
    return [...names].map((queue) => ({ queue, messages: this.broker.lengthOf(queue) }));
  }

  /** Returns the health of the consumed queues. */
  health(attached: boolean): ConsumedQueueHealth[] {
    return [...this.servings].flatMap(({ queues }) => queues.map((queue) => ({ queue, attached })));
  }

  /** Declares the queues of a server or listener, and starts to consume them. */
  start(bindings: readonly Binding[], inbox: Inbox, reading: Omit<Reading, 'deliver'>): Listener {
    for (const { exchange, key, queue, type } of bindings) {
      this.broker.declare(queue);
      this.broker.bind(exchange, type === 'fanout' ? '' : key, queue);
    }
    const queues = [...new Set(bindings.map(({ queue }) => queue))];
    const deliver = (delivery: Delivery) => inbox.push(delivery);
    const consuming = queues.map((queue) => this.broker.consume(queue, { ...reading, deliver }));
    const serving: Serving = {
      queues,
      inbox,
      cancel: () => {
        for (const { cancel } of consuming) cancel();
      },
      release: () => {
        for (const { release } of consuming) release();
        for (const { queue, transient } of bindings) if (transient) this.broker.delete(queue);
      },
    };
    this.servings.add(serving);
    return {
      cancel: async (graceful) => {
        serving.cancel();
        inbox.close(graceful);
      },
      stop: async (milliseconds) => {
        serving.cancel();
        await inbox.drain(milliseconds);
        if (this.servings.delete(serving)) serving.release();
        inbox.abandon?.();
      },
    };
  }

  /** Stops all at once. As when a connection ends, other servers get the unacknowledged messages. */
  close(): void {
    for (const { inbox, cancel, release } of this.servings) {
      cancel();
      inbox.close(false);
      release();
      inbox.abandon?.();
    }
    this.servings.clear();
  }
}
