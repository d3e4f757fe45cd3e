import { MessageDeliveryFailure } from '../../core/errors.js';

interface Message {
  body: Buffer;
  /** On the monotonic clock; nobody waits for the message after it. */
  expires: number;
}

type Deliver = (body: Buffer, acknowledge: () => Promise<boolean>) => void;

interface Consumer {
  deliver: Deliver;
  prefetch: number;
  unacknowledged: number;
}

interface Queue {
  messages: Message[];
  consumers: Consumer[];
}

/** A queue that nobody reads is refused further messages at this length. */
const LONGEST_QUEUE = 100_000;

/** Queues, bindings and consumers within one process, as a broker has them. */
export class MemoryBroker {
  private static readonly brokers = new Map<string, MemoryBroker>();
  private readonly queues = new Map<string, Queue>();
  private readonly bindings = new Map<string, Set<string>>();
  private users = 0;

  /** The broker of that name; transports with equal names meet in it. It forgets everything when the last one closes. */
  static join(name: string): MemoryBroker {
    const broker = MemoryBroker.brokers.get(name) ?? new MemoryBroker(name);
    MemoryBroker.brokers.set(name, broker);
    broker.users++;
    return broker;
  }

  private constructor(private readonly name: string) {}

  leave(): void {
    if (--this.users === 0) MemoryBroker.brokers.delete(this.name);
  }

  declare(name: string): void {
    if (!this.queues.has(name)) this.queues.set(name, { messages: [], consumers: [] });
  }

  bind(exchange: string, key: string, queue: string): void {
    const address = `${exchange}\n${key}`;
    this.bindings.set(address, (this.bindings.get(address) ?? new Set()).add(queue));
  }

  delete(name: string): void {
    this.queues.delete(name);
    for (const [address, queues] of this.bindings) {
      if (queues.delete(name) && queues.size === 0) this.bindings.delete(address);
    }
  }

  /** @returns what ends it; unacknowledged messages are the consumer's to finish */
  consume(name: string, prefetch: number, deliver: Deliver): () => void {
    const queue = this.queues.get(name);
    if (!queue) throw new Error(`no queue ${name}`);
    const consumer = { deliver, prefetch, unacknowledged: 0 };
    queue.consumers.push(consumer);
    this.pump(queue);
    return () => {
      queue.consumers = queue.consumers.filter((other) => other !== consumer);
    };
  }

  /**
   * @returns whether any queue took the message
   * @throws MessageDeliveryFailure when a queue is full
   */
  publish(exchange: string, key: string, body: Buffer, expires = Number.POSITIVE_INFINITY): boolean {
    const names = exchange === '' ? [key] : [...(this.bindings.get(`${exchange}\n${key}`) ?? [])];
    const queues = names.flatMap((name) => this.queues.get(name) ?? []);
    for (const queue of queues) {
      if (queue.messages.length >= LONGEST_QUEUE)
        throw new MessageDeliveryFailure(`The queue ${names} holds ${LONGEST_QUEUE} messages that nobody reads`);
      queue.messages.push({ body, expires });
      this.pump(queue);
    }
    return queues.length > 0;
  }

  private pump(queue: Queue): void {
    while (queue.messages.length > 0) {
      const index = queue.consumers.findIndex((consumer) => consumer.unacknowledged < consumer.prefetch);
      const [consumer] = index < 0 ? [] : queue.consumers.splice(index, 1);
      if (!consumer) return;
      // To the end of the row: the next message goes to the next consumer.
      queue.consumers.push(consumer);
      const message = queue.messages.shift();
      if (!message || message.expires < performance.now()) continue;
      consumer.unacknowledged++;
      let unacknowledged = true;
      const acknowledge = async () => {
        if (unacknowledged) {
          unacknowledged = false;
          consumer.unacknowledged--;
          this.pump(queue);
        }
        return true;
      };
      setImmediate(consumer.deliver, message.body, acknowledge);
    }
  }
}
