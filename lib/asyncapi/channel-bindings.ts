import { exchangeOptions, exchangeSpec, type QueueSpec, queueOptions, replyQueue } from '../internal.js';
import type { Broker } from './brokers.js';
import type { AmqpChannelBinding, AsyncApiQueue } from './document.js';

/** Version of the AMQP bindings. */
export const BINDING_VERSION = '0.3.0';
/** Binding of messages: text of UTF-8. */
export const MESSAGE_BINDINGS = { amqp: { contentEncoding: 'utf-8', bindingVersion: BINDING_VERSION } } as const;
/** Binding of operations: persistent messages, acknowledged by the server. */
export const OPERATION_BINDINGS = {
  amqp: { deliveryMode: 2, priority: 0, ack: true, bindingVersion: BINDING_VERSION },
} as const;

/** Returns the binding of a channel with an exchange; undefined for a broker that is no RabbitMQ. */
export function exchangeBinding(
  name: string,
  type: 'topic' | 'fanout',
  { settings: { rabbit }, vhost, servers }: Broker,
): { bindings?: { amqp: AmqpChannelBinding } } {
  if (servers.length === 0) return {};
  const spec = exchangeSpec({ exchange: name, type, key: '' }, rabbit);
  const { durable = false, autoDelete = false } = exchangeOptions(spec, rabbit);
  const exchange = { name, type, durable, autoDelete, vhost };
  return { bindings: { amqp: { is: 'routingKey', exchange, bindingVersion: BINDING_VERSION } } };
}

/** Returns the binding of the reply queues; undefined for a broker that is no RabbitMQ. */
export function replyBinding({ settings: { rabbit }, vhost, servers }: Broker): {
  bindings?: { amqp: AmqpChannelBinding };
} {
  if (servers.length === 0) return {};
  const { durable = false, exclusive = false, autoDelete = false } = queueOptions(replyQueue('', rabbit), rabbit);
  return {
    bindings: {
      amqp: { is: 'queue', queue: { durable, exclusive, autoDelete, vhost }, bindingVersion: BINDING_VERSION },
    },
  };
}

/** Returns a queue as the library declares it. @param name its name, with braces where it differs for each process */
export function describedQueue(name: string, spec: QueueSpec, { settings: { rabbit } }: Broker): AsyncApiQueue {
  const { durable = false, arguments: given } = queueOptions(spec, rabbit);
  return { name, durable, arguments: { ...(given as object | undefined) } };
}
