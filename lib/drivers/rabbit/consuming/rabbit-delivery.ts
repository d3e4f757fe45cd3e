import type { Dict } from '../../../core/dict.js';
import { decodeEnvelope } from '../../../core/envelope.js';
import type { ReceivedHeaders } from '../../../core/instrumentation.js';
import type { MessageLimits } from '../../../core/limits.js';
import type { Delivery } from '../../inbox/delivery.js';
import { isReplyQueue } from '../../reply-queue.js';
import { decompress, decompressAside, mostDecompressed } from '../wire/compression.js';
import {
  CANCEL,
  CANCEL_TO,
  CANCELLABLE,
  COMPRESSION,
  DEADLINE,
  DEATH,
  DELIVERIES,
  DELIVERY_COUNT,
  PUBLISHED_AGAIN,
  type READ_HEADERS,
  RETURNS,
} from '../wire/header-names.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import type { Acknowledger } from './acknowledger.js';
import type { ConsumedQueue } from './consumed-queue.js';
import type { ConsumedStream } from './consumed-stream.js';

/** Maximum size in bytes of a body that is searched for the name of a method. */
const MAX_SEARCHED_BYTES = 65_536;

/** Message that a queue of RabbitMQ has delivered. */
export class RabbitDelivery implements Delivery {
  readonly expires: number;
  waitingSince: number | undefined = undefined;

  constructor(
    private readonly raw: RawDelivery,
    private readonly source: ConsumedQueue,
    private readonly acknowledger: Acknowledger,
  ) {
    const { expiration } = this;
    // An expiration of 0 limits the time in the queue only, and this message was delivered at once.
    this.expires = expiration ? performance.now() + expiration : Number.POSITIVE_INFINITY;
  }

  get body(): Buffer {
    return this.raw.body;
  }

  get compression(): string | undefined {
    const compression = this.header(COMPRESSION);
    return typeof compression === 'string' ? compression : undefined;
  }

  get headerTable(): Buffer | undefined {
    return this.raw.properties.headerTable;
  }

  get headers(): ReceivedHeaders {
    return this.raw.properties.headers;
  }

  get queue(): string {
    return this.source.name;
  }

  /** The largest known count: that of the queue, or that in the header of a republished message. */
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
    return this.raw.redelivered && !this.source.stream && this.counted === undefined;
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

  get deadline(): number | undefined {
    const deadline = this.raw.properties.deadline ?? this.header(DEADLINE);
    return typeof deadline === 'number' && Number.isFinite(deadline) ? deadline : undefined;
  }

  get cancellable(): boolean {
    return this.raw.properties.cancellable ?? this.header(CANCELLABLE) !== undefined;
  }

  get cancelTo(): string | undefined {
    const queue = this.header(CANCEL_TO);
    // Any other name could be the queue of another service.
    return typeof queue === 'string' && isReplyQueue(queue, false) ? queue : undefined;
  }

  get isCancel(): boolean {
    return this.header(CANCEL) !== undefined;
  }

  read(limits: MessageLimits): Dict {
    return decodeEnvelope(this.text(limits), limits);
  }

  text(limits: MessageLimits): Buffer {
    return decompress(this.raw.body, this.header(COMPRESSION), limits);
  }

  textAside(limits: MessageLimits): Promise<Buffer> {
    return decompressAside(this.raw.body, this.header(COMPRESSION), limits);
  }

  mayCall(prefix: string): boolean {
    const { body } = this.raw;
    return this.compression === undefined && body.length <= MAX_SEARCHED_BYTES && body.includes(prefix);
  }

  size(limits: MessageLimits): number {
    const { body } = this.raw;
    return this.header(COMPRESSION) ? mostDecompressed(body, limits) : body.length;
  }

  acknowledge(): Promise<boolean> {
    const acknowledging = this.acknowledger.acknowledge(this.raw.deliveryTag);
    const { stream } = this.source;
    return stream ? this.pass(stream, acknowledging) : acknowledging;
  }

  requeue(): void {
    this.acknowledger.requeue(this.raw.deliveryTag, true);
  }

  release(): void {
    this.acknowledger.requeue(this.raw.deliveryTag, false);
  }

  /** Count of the queue. Before the first redelivery, or on a queue that does not count, the header is the sender's. */
  private get counted(): number | undefined {
    const { counting } = this.source;
    if (!counting || !this.raw.redelivered) return undefined;
    // A queue of an older node in the cluster counts by the older rule.
    return countIn(this.header(counting.header)) ?? countIn(this.header(DELIVERY_COUNT));
  }

  /** Count in the header of a republished message. It is void for a dead letter that was moved back to its queue. */
  private get recounted(): number {
    const count = countIn(this.header(RETURNS));
    if (count === undefined) return 0;
    return this.header(DELIVERIES) === undefined && this.header(DEATH) === undefined ? count : 0;
  }

  private async pass(stream: ConsumedStream, acknowledging: Promise<boolean>): Promise<boolean> {
    const acknowledged = await acknowledging;
    if (acknowledged) stream.pass(this.raw);
    return acknowledged;
  }

  private header(name: (typeof READ_HEADERS)[number]): unknown {
    return this.raw.properties.headers.get(name);
  }
}

/** Upper bound of a count in a header: a larger number was never counted. */
const MAX_RETURNS = 2 ** 31 - 1;

function countIn(header: unknown): number | undefined {
  return typeof header === 'number' ? Math.min(Math.max(0, Math.trunc(header)), MAX_RETURNS) : undefined;
}
