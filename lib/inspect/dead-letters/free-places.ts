import type { QueueBounds } from '../../internal.js';
import type { Copy, DeadLetterBroker } from './broker.js';

/** Size in bytes that a message takes beyond its body, at most. */
const OVERHEAD_BYTES = 1024;
/** Maximum number of queues that are remembered. */
const MAX_QUEUES = 1000;

interface Places {
  readonly bounds: QueueBounds;
  /** Messages, and bytes, that may still be published before the queue is looked at again. */
  messages: number;
  bytes: number;
  /** Depth after the last message; undefined where consumers change it. */
  depth: number | undefined;
}

/** Free places of queues that drop their oldest messages when they are full: others would lose theirs. */
export class FreePlaces {
  private readonly queues = new Map<string, Places>();

  constructor(private readonly broker: DeadLetterBroker) {}

  /** Takes a place for a message. Returns the reason why there is none. */
  async take({ queue, body }: Copy): Promise<string | undefined> {
    const places = this.queues.get(queue) ?? (await this.look(queue));
    if (places === undefined) return undefined;
    const { bounds } = places;
    const size = body.length + OVERHEAD_BYTES;
    if (places.messages < 1) await this.count(queue, places);
    if (places.messages < 1)
      return `the queue "${queue}" is full (max-length ${bounds.messages}), and would drop its oldest message for it`;
    if (places.bytes < size)
      return `the queue "${queue}" would drop its oldest messages beyond its max-length-bytes of ${bounds.bytes}, and how much of that is free is known only where it is empty`;
    places.messages--;
    places.bytes -= size;
    return undefined;
  }

  /** Checks that a published message has made its queue longer. Returns the reason why no other may follow. */
  async check(queue: string): Promise<string | undefined> {
    const places = this.queues.get(queue);
    if (places?.depth === undefined || places.bounds.isCertain) return undefined;
    const before = places.depth;
    const { messages, consumers } = (await this.broker.stateOf(queue)) ?? { messages: before, consumers: 1 };
    places.depth = consumers > 0 ? undefined : messages;
    if (consumers > 0 || messages > before) return undefined;
    places.messages = 0;
    return `The queue "${queue}" held ${before} messages before the last one and ${messages} after it, and has no consumer: it is probably full and drops its oldest messages, as a policy may say. The management API tells it: give its URL`;
  }

  /** Looks at a queue for the first time. Returns undefined where it does not exist. */
  private async look(queue: string): Promise<Places | undefined> {
    const bounds = await this.broker.boundsOf(queue);
    if (bounds === undefined) return undefined;
    const places: Places = { bounds, messages: 0, bytes: Number.POSITIVE_INFINITY, depth: undefined };
    await this.count(queue, places);
    if (this.queues.size < MAX_QUEUES) this.queues.set(queue, places);
    return places;
  }

  private async count(queue: string, places: Places): Promise<void> {
    const state = await this.broker.stateOf(queue);
    if (state === undefined) return;
    const { messages, consumers } = state;
    const { bounds } = places;
    places.messages = bounds.messages - messages;
    if (Number.isFinite(bounds.bytes) && places.bytes === Number.POSITIVE_INFINITY)
      places.bytes = messages === 0 ? bounds.bytes : 0;
    if (consumers === 0 && !bounds.isCertain) places.depth ??= messages;
  }
}
