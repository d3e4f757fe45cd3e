import { type Dict, decodeEnvelope, type MessageLimits } from '../../core/message.js';
import type { Delivery } from '../delivery.js';
import type { Acknowledger } from './acknowledger.js';
import { decompress } from './compression.js';
import type { ConsumedQueue } from './consumed-queue.js';
import { PUBLISHED_AGAIN, RETURNS } from './topology.js';
import type { HEADERS } from './wire/content-header.js';
import type { Arrival } from './wire/incoming-content.js';

/** A message that a queue delivered, as whoever processes it sees it. */
export class RabbitDelivery implements Delivery {
  readonly expires: number;

  constructor(
    private readonly arrival: Arrival,
    private readonly source: ConsumedQueue,
    private readonly acknowledger: Acknowledger,
  ) {
    const { expiration } = this;
    // An expiration of 0 means at once or not at all, and this was at once.
    this.expires = expiration ? performance.now() + expiration : Number.POSITIVE_INFINITY;
  }

  get body(): Buffer {
    return this.arrival.body;
  }

  get compression(): string | undefined {
    const compression = this.header('compression');
    return typeof compression === 'string' ? compression : undefined;
  }

  get queue(): string {
    return this.source.name;
  }

  /** Quorum queues count. Classic ones do not, so there the count comes from whoever put the message back. */
  get returns(): number {
    const count = this.header('x-delivery-count') ?? this.header(RETURNS);
    return (typeof count === 'number' ? count : 0) + (this.uncounted ? 1 : 0);
  }

  get uncounted(): boolean {
    return this.arrival.redelivered && !this.source.isStream && this.header('x-delivery-count') === undefined;
  }

  get repeated(): boolean {
    return this.arrival.redelivered || this.header(PUBLISHED_AGAIN) !== undefined;
  }

  get expiration(): number | undefined {
    return this.arrival.properties.expiration;
  }

  read(limits: MessageLimits): Dict {
    return decodeEnvelope(this.text(limits), limits);
  }

  text({ bodyBytes }: MessageLimits): Buffer {
    return decompress(this.arrival.body, this.header('compression'), bodyBytes);
  }

  acknowledge(): Promise<boolean> {
    const acknowledging = this.acknowledger.acknowledge(this.arrival.deliveryTag);
    return this.source.isStream ? this.pass(acknowledging) : acknowledging;
  }

  requeue(): void {
    this.acknowledger.requeue(this.arrival.deliveryTag);
  }

  private async pass(acknowledging: Promise<boolean>): Promise<boolean> {
    const acknowledged = await acknowledging;
    const offset = this.header('x-stream-offset');
    if (acknowledged && typeof offset === 'number') this.source.pass(offset);
    return acknowledged;
  }

  private header(name: (typeof HEADERS)[number]): unknown {
    return this.arrival.properties.headers.get(name);
  }
}
