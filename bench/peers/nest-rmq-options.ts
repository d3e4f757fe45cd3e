import type { RmqOptions } from '@nestjs/microservices';
import { amqpUrl } from '../../test/support/amqp.js';
import type { Place } from '../peer.js';

/** Nest's own defaults, but for the queue, which no peer here makes durable, and for Nagle's algorithm, which none has on. */
export function nestRmqOptions({ url, topic }: Place): NonNullable<RmqOptions['options']> {
  return {
    urls: [amqpUrl(url)],
    queue: topic,
    queueOptions: { durable: false },
    socketOptions: { connectionOptions: { noDelay: true } },
  };
}
