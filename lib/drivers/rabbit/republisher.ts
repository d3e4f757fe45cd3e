import { Deadline } from '../../core/deadline.js';
import type { Settings } from '../../core/options.js';
import type { Delivery } from '../inbox/delivery.js';
import type { Publication } from './publishing/publication.js';
import type { Publisher } from './publishing/publisher.js';
import { DELIVERIES, deadLetterQueue, RETURNS } from './topology/topology.js';

/** Publishes again what was delivered and is not to be lost, before it is acknowledged. */
export class Republisher {
  constructor(
    private readonly publisher: Publisher,
    private readonly settings: Settings,
  ) {}

  /** Keeps a message that cannot be processed for whoever looks into it. @throws MessageDeliveryFailure */
  async deadLetter(
    { queue: source, body, compression }: Delivery,
    reason: string,
    deliveries: number,
  ): Promise<string> {
    const queue = deadLetterQueue(source, this.settings.rabbit);
    const headers = {
      'x-reason': reason,
      'x-original-queue': source,
      [DELIVERIES]: deliveries,
      'x-time': new Date().toISOString(),
      ...compressedBy(compression),
    };
    await this.keep({ exchange: queue.exchange, queue, redeclare: true, routingKey: queue.key, body, headers });
    return queue.name;
  }

  /** Puts a copy to the end of its queue, with the count of its returns. @throws MessageDeliveryFailure, MessageUndeliverable */
  countReturn(
    { queue, body, compression, expiration, expires, returns }: Delivery,
    uniqueId: string | undefined,
  ): Promise<void> {
    const headers = { [RETURNS]: returns, ...compressedBy(compression) };
    const left = expiration && Math.max(1, Math.floor(expires - performance.now()));
    return this.keep({
      exchange: undefined,
      routingKey: queue,
      body,
      headers,
      expiration: left,
      expires,
      mandatoryId: uniqueId,
    });
  }

  private keep(publication: Publication): Promise<void> {
    return this.publisher.publishBy(publication, Deadline.after(this.settings.rpcResponseTimeout));
  }
}

/** Of a name that no peer can mean, so much is kept as tells what it was: a sender may put megabytes there. */
const LONGEST_COMPRESSION = 100;

function compressedBy(compression: string | undefined): { compression?: string } {
  return compression ? { compression: compression.slice(0, LONGEST_COMPRESSION) } : {};
}
