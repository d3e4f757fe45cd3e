import { Deadline } from '../../core/deadline.js';
import type { Settings } from '../../core/settings.js';
import type { Delivery } from '../inbox/delivery.js';
import type { Publication } from './publishing/publication.js';
import type { Publisher } from './publishing/publisher.js';
import { deadLetterQueue } from './topology/topology.js';
import {
  DEATH,
  DELIVERIES,
  ORIGINAL_QUEUE,
  READ_HEADERS,
  REASON,
  RETURNS,
  TIME,
  TRACE_HEADERS,
} from './wire/header-names.js';
import { keepHeaders } from './wire/kept-headers.js';

/** Headers that servers act on. A copy in a server's queue gets its own, not those of the original. */
const MEANINGFUL: ReadonlySet<string> = new Set(READ_HEADERS.filter((name) => !isOneOf(TRACE_HEADERS, name)));

/** Headers that a dead letter does not keep. RabbitMQ's history of an earlier dead-lettering, `x-death`, is kept. */
const REPLACED: ReadonlySet<string> = new Set([
  ...[...MEANINGFUL].filter((name) => name !== DEATH),
  REASON,
  ORIGINAL_QUEUE,
  TIME,
]);

/** Publishes a copy of a delivery, with its headers, before the delivery is acknowledged. */
export class Republisher {
  constructor(
    private readonly publisher: Publisher,
    private readonly settings: Pick<Settings, 'rabbit' | 'rpcResponseTimeout'>,
  ) {}

  /** Publishes a message that cannot be processed to the dead-letter queue, and returns its name. @throws MessageDeliveryFailure */
  async deadLetter(
    { queue: source, body, compression, headerTable }: Delivery,
    reason: string,
    deliveries: number,
  ): Promise<string> {
    const queue = deadLetterQueue(source, this.settings.rabbit);
    const headers = {
      [REASON]: reason,
      [ORIGINAL_QUEUE]: source,
      [DELIVERIES]: deliveries,
      [TIME]: new Date().toISOString(),
      ...compressionHeader(compression),
    };
    await this.publish({
      exchange: queue.exchange,
      queue,
      redeclare: true,
      routingKey: queue.key,
      body,
      headers,
      keptHeaders: headerTable && keepHeaders(headerTable, REPLACED),
    });
    return queue.name;
  }

  /**
   * Publishes a copy with the number of returns to the end of the delivery's queue.
   * @throws MessageDeliveryFailure, MessageUndeliverable
   */
  countReturn(
    { queue, body, compression, expiration, expires, deadline, cancellable, returns, headerTable }: Delivery,
    uniqueId: string | undefined,
  ): Promise<void> {
    const left = expiration && Math.max(1, Math.floor(expires - performance.now()));
    return this.publish({
      exchange: undefined,
      routingKey: queue,
      body,
      headers: { [RETURNS]: returns, ...compressionHeader(compression) },
      keptHeaders: headerTable && keepHeaders(headerTable, MEANINGFUL),
      expiration: left,
      expires,
      deadline,
      cancellable,
      mandatoryId: uniqueId,
    });
  }

  private publish(publication: Publication): Promise<void> {
    return this.publisher.publishBy(publication, Deadline.after(this.settings.rpcResponseTimeout));
  }
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

/** Maximum length of a compression name: a sender may have put megabytes there. */
const MAX_COMPRESSION_LENGTH = 100;

function compressionHeader(compression: string | undefined): { compression?: string } {
  return compression ? { compression: compression.slice(0, MAX_COMPRESSION_LENGTH) } : {};
}
