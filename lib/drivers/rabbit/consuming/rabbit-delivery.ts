import type { Dict } from '../../../core/dict.js';
import { decodeEnvelope } from '../../../core/envelope.js';
import type { MessageLimits } from '../../../core/limits.js';
import type { Delivery } from '../../inbox/delivery.js';
import { DELIVERIES, PUBLISHED_AGAIN, RETURNS } from '../topology/topology.js';
import { decompress, decompressAside, mostDecompressed } from '../wire/compression.js';
import type { HEADERS } from '../wire/content-header.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import type { Acknowledger } from './acknowledger.js';
import type { ConsumedQueue } from './consumed-queue.js';

/** A message that a queue delivered, as whoever processes it sees it. */
export class RabbitDelivery implements Delivery {
  readonly expires: number;

  constructor(
    private readonly raw: RawDelivery,
    private readonly source: ConsumedQueue,
    private readonly acknowledger: Acknowledger,
  ) {
    const { expiration } = this;
    // An expiration of 0 means at once or not at all, and this was at once.
    this.expires = expiration ? performance.now() + expiration : Number.POSITIVE_INFINITY;
  }

  get body(): Buffer {
    return this.raw.body;
  }

  get compression(): string | undefined {
    const compression = this.header('compression');
    return typeof compression === 'string' ? compression : undefined;
  }

  get headerTable(): Buffer | undefined {
    return this.raw.properties.headerTable;
  }

  get queue(): string {
    return this.source.name;
  }

  /** The largest of the counts that are known: the queue's own, where it counts, and that of whoever put it back. */
  get returns(): number {
    return Math.max(this.counted ?? 0, this.recounted + (this.uncounted ? 1 : 0));
  }

  get maxReturns(): number {
    return this.source.counting?.maxReturns ?? Number.POSITIVE_INFINITY;
  }

  get redelivered(): boolean {
    return this.raw.redelivered;
  }

  get uncounted(): boolean {
    return this.raw.redelivered && !this.source.isStream && this.counted === undefined;
  }

  get repeated(): boolean {
    return this.raw.redelivered || this.header(PUBLISHED_AGAIN) !== undefined;
  }

  get revoked(): boolean {
    return !this.acknowledger.holds(this.raw.deliveryTag);
  }

  get expiration(): number | undefined {
    return this.raw.properties.expiration;
  }

  read(limits: MessageLimits): Dict {
    return decodeEnvelope(this.text(limits), limits);
  }

  text(limits: MessageLimits): Buffer {
    return decompress(this.raw.body, this.header('compression'), limits);
  }

  textAside(limits: MessageLimits): Promise<Buffer> {
    return decompressAside(this.raw.body, this.header('compression'), limits);
  }

  size(limits: MessageLimits): number {
    const { body } = this.raw;
    return this.header('compression') ? mostDecompressed(body, limits) : body.length;
  }

  acknowledge(): Promise<boolean> {
    const acknowledging = this.acknowledger.acknowledge(this.raw.deliveryTag);
    return this.source.isStream ? this.pass(acknowledging) : acknowledging;
  }

  requeue(): void {
    this.acknowledger.requeue(this.raw.deliveryTag, true);
  }

  release(): void {
    this.acknowledger.requeue(this.raw.deliveryTag, false);
  }

  /** Only a queue that counts sets the header, and only once the message has come back: until then it is the sender's. */
  private get counted(): number | undefined {
    const { counting } = this.source;
    if (!counting || !this.raw.redelivered) return undefined;
    // A queue that was made by an older node of the cluster counts as that one does.
    return countIn(this.header(counting.header)) ?? countIn(this.header('x-delivery-count'));
  }

  /** The headers of a dead letter are behind it when somebody moves it back. What is put back here has none of them. */
  private get recounted(): number {
    const count = countIn(this.header(RETURNS));
    if (count === undefined) return 0;
    return this.header(DELIVERIES) === undefined && this.header('x-death') === undefined ? count : 0;
  }

  private async pass(acknowledging: Promise<boolean>): Promise<boolean> {
    const acknowledged = await acknowledging;
    if (acknowledged) this.source.pass(this.raw);
    return acknowledged;
  }

  private header(name: (typeof HEADERS)[number]): unknown {
    return this.raw.properties.headers.get(name);
  }
}

/** Most returns that a header is believed: a larger number was never counted. */
const MOST_RETURNS = 2 ** 31 - 1;

function countIn(header: unknown): number | undefined {
  return typeof header === 'number' ? Math.min(Math.max(0, Math.trunc(header)), MOST_RETURNS) : undefined;
}
