import { toError } from '../../../core/errors.js';
import { logAbout } from '../../../core/log-subject.js';
import { oneLine } from '../../../core/logger.js';
import type { DriverContext } from '../../driver-context.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import type { ConsumedQueue } from './consumed-queue.js';
import type { ConsumedStream } from './consumed-stream.js';
import type { ConsumingChannel } from './consuming-channel.js';
import { RabbitDelivery } from './rabbit-delivery.js';
import type { OnMessage } from './reading.js';

/** Hands messages of one consumer to its handler. */
export class Delivering {
  /** @param onNewStream called when a message shows that a stream is not the one that was read before */
  constructor(
    private readonly context: DriverContext,
    private readonly onMessage: OnMessage,
    private readonly onNewStream: (stream: ConsumedStream, name: string, channel: ConsumingChannel) => void,
  ) {}

  deliver(raw: RawDelivery, queue: ConsumedQueue, channel: ConsumingChannel): void {
    const { acknowledger } = channel;
    if (raw.properties.damage !== undefined) this.countDamage(queue, raw.properties.damage);
    if (queue.stream) {
      const judgement = queue.stream.judge(raw);
      if (judgement === 'seen') void acknowledger.acknowledge(raw.deliveryTag);
      else if (judgement === 'of another stream') this.onNewStream(queue.stream, queue.name, channel);
      if (judgement !== 'new') return;
    }
    try {
      this.onMessage(new RabbitDelivery(raw, queue, acknowledger));
    } catch (error) {
      // Otherwise it would end the connection, and the message would come back with the next one.
      this.context.counters.count('refusedMessages');
      const text = `Dropped a message from "${queue.name}": ${oneLine(toError(error).message)}`;
      logAbout(this.context.settings.logger, 'error', { queue: queue.name }, text);
      void acknowledger.acknowledge(raw.deliveryTag);
    }
  }

  private countDamage(queue: ConsumedQueue, damage: string): void {
    this.context.counters.count('damagedHeaders');
    const text = `Read a message from "${queue.name}" without all of its headers: ${damage}`;
    logAbout(this.context.settings.logger, 'warn', { queue: queue.name }, text);
  }
}
