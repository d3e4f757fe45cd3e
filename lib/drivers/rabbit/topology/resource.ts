import type { ExchangeSpec, QueueSpec } from './topology.js';

/** How an exchange or queue is declared. */
export interface Definition {
  /** `topic`, `fanout` …; `classic`, `quorum` or `stream`. */
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly exclusive: boolean;
  /** Without the type of a queue. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** An exchange or queue that is asked for. */
export interface Resource {
  readonly kind: 'exchange' | 'queue';
  /** Which options it is declared by. */
  readonly role: 'control' | 'fanout' | 'shared' | 'transient' | 'stream';
  readonly name: string;
  readonly asked: Definition;
}

export function exchangeResource({ name, type, options }: ExchangeSpec): Resource {
  const { durable = true, autoDelete = false, arguments: args = {} } = options;
  const asked = { type, durable, autoDelete, exclusive: false, arguments: args };
  return { kind: 'exchange', role: type === 'fanout' ? 'fanout' : 'control', name, asked };
}

export function queueResource({ name, options, temporary, numbered, stream }: QueueSpec): Resource {
  const { durable = true, autoDelete = false, exclusive = false, arguments: all = {} } = options;
  const { 'x-queue-type': type = 'classic', ...args } = all as Record<string, unknown>;
  const role = stream ? 'stream' : temporary || numbered ? 'transient' : 'shared';
  return { kind: 'queue', role, name, asked: { type: String(type), durable, autoDelete, exclusive, arguments: args } };
}

/** E.g. `a durable quorum queue, x-expires=1800000`. */
export function describe(kind: Resource['kind'], definition: Definition): string {
  const { type, durable, autoDelete, exclusive, arguments: args } = definition;
  const words = [durable ? 'durable' : 'transient', autoDelete && 'auto-delete', exclusive && 'exclusive', type, kind];
  const settings = Object.entries(args).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [`a ${words.filter(Boolean).join(' ')}`, ...settings].join(', ');
}
