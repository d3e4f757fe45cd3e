import type { Options } from 'amqplib';
import type { ExchangeSpec, QueueSpec } from './topology.js';

/** Definition of an exchange or queue. */
export interface Definition {
  /** Type: `topic`, `fanout` … of an exchange; `classic`, `quorum` or `stream` of a queue. */
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusive: boolean;
  /** Arguments without `x-queue-type`. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Requested exchange or queue. */
export interface Resource {
  readonly kind: 'exchange' | 'queue';
  /** Group of options that define it. */
  readonly role: 'control' | 'fanout' | 'shared' | 'transient' | 'stream';
  readonly name: string;
  readonly asked: Definition;
}

/** Returns true for a queue of the kind that RabbitMQ 4.3 denies. */
export function isTransient({ durable, exclusive }: Definition): boolean {
  return !durable && !exclusive;
}

export function exchangeResource({ name, type }: ExchangeSpec, options: Options.AssertExchange): Resource {
  const { durable = true, autoDelete = false, arguments: args = {} } = options;
  const asked = { type, durable, autoDelete, exclusive: false, arguments: args };
  return { kind: 'exchange', role: type === 'fanout' ? 'fanout' : 'control', name, asked };
}

export function queueResource(
  { name, temporary, numbered, stream }: QueueSpec,
  options: Options.AssertQueue,
): Resource {
  const { durable = true, autoDelete = false, exclusive = false, arguments: all = {} } = options;
  const { 'x-queue-type': type = 'classic', ...args } = all as Record<string, unknown>;
  const role = stream ? 'stream' : temporary || numbered ? 'transient' : 'shared';
  return { kind: 'queue', role, name, asked: { type: String(type), durable, autoDelete, exclusive, arguments: args } };
}

/** Returns a description such as `a durable quorum queue, x-expires=1800000`. */
export function describe(kind: Resource['kind'], definition: Definition): string {
  const { type, durable, autoDelete, exclusive, arguments: args } = definition;
  const words = [durable ? 'durable' : 'transient', autoDelete && 'auto-delete', exclusive && 'exclusive', type, kind];
  const settings = Object.entries(args).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [`a ${words.filter(Boolean).join(' ')}`, ...settings].join(', ');
}
