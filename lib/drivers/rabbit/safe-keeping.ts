import { Deadline } from '../../core/deadline.js';
import type { Settings } from '../../core/options.js';
import type { Delivery } from '../delivery.js';
import type { Publication, Publisher } from './publisher.js';
import { deadLetterQueue, RETURNS } from './topology.js';

/** Publishes again what was delivered and is not to be lost, before it is acknowledged. */
export class SafeKeeping {
  constructor(
    private readonly publisher: Publisher,
    private readonly settings: Settings,
  ) {}

  /** Keeps a message that cannot be processed for whoever looks into it. @throws MessageDeliveryFailure */
  setAside({ queue: source, body, compression }: Delivery, reason: string, deliveries: number): Promise<void> {
    const queue = deadLetterQueue(source, this.settings.rabbit);
    const headers = {
      'x-reason': reason,
      'x-original-queue': source,
      'x-deliveries': deliveries,
      'x-time': new Date().toISOString(),
      ...(compression && { compression }),
    };
    return this.keep({ exchange: queue.exchange, queue, redeclare: true, routingKey: queue.key, body, headers });
  }

  /** Puts a copy to the end of its queue, with the count of its returns. @throws MessageDeliveryFailure, MessageUndeliverable */
  countReturn(
    { queue, body, compression, expiration, returns }: Delivery,
    uniqueId: string | undefined,
  ): Promise<void> {
    const headers = { [RETURNS]: returns, ...(compression && { compression }) };
    return this.keep({ exchange: undefined, routingKey: queue, body, headers, expiration, mandatoryId: uniqueId });
  }

  private keep(publication: Publication): Promise<void> {
    return this.publisher.publishBy(publication, Deadline.after(this.settings.rpcResponseTimeout));
  }
}
