import { COMPRESSION, type MessageProperties, readFields } from '../../internal.js';
import type { Observed } from './observed.js';

/** Message as a queue of the tap delivered it. */
export interface RawMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: MessageProperties;
  readonly body: Buffer;
}

/** Size in bytes of the length before the content of an array or a table. */
const LENGTH = 4;
const TEXT_TAG = 0x53;
const TRACED: ReadonlySet<string> = new Set([
  'exchange_name',
  'routing_keys',
  'properties',
  'connection',
  'user',
  'routed_queues',
]);
const PROPERTIES: ReadonlySet<string> = new Set(['expiration', 'headers']);
const HEADERS: ReadonlySet<string> = new Set([COMPRESSION]);
const FIRST_DEATH = 'x-first-death-exchange';

/** Returns a message that was routed to the tap by a binding. */
export function readBound({ exchange, routingKey, properties, body }: RawMessage): Observed {
  const { headers, expiration } = properties;
  return { exchange, routingKey, body, compression: headers.get(COMPRESSION), expiration };
}

/** Returns the message that the broker traced; undefined where its headers are not those of a trace. */
export function readTraced({ properties: { headerTable }, body }: RawMessage): Observed | undefined {
  if (!headerTable) return undefined;
  const { headers } = readFields(headerTable, 0, headerTable.length, TRACED);
  const exchange = headers.get('exchange_name');
  if (typeof exchange !== 'string') return undefined;
  const properties = fieldsIn(headers.get('properties'), PROPERTIES);
  const routed = headers.get('routed_queues');
  return {
    exchange,
    routingKey: firstText(headers.get('routing_keys')) ?? '',
    body,
    compression: fieldsIn(properties.get('headers'), HEADERS).get(COMPRESSION),
    expiration: milliseconds(properties.get('expiration')),
    connection: text(headers.get('connection')),
    user: text(headers.get('user')),
    isRouted: Buffer.isBuffer(routed) ? routed.length > LENGTH : undefined,
  };
}

/** Returns the exchange that a dead letter was first published to. */
export function firstExchange({ properties: { headerTable } }: RawMessage): string | undefined {
  if (!headerTable) return undefined;
  return text(readFields(headerTable, 0, headerTable.length, new Set([FIRST_DEATH])).headers.get(FIRST_DEATH));
}

function fieldsIn(table: unknown, wanted: ReadonlySet<string>): ReadonlyMap<string, unknown> {
  return Buffer.isBuffer(table) ? readFields(table, LENGTH, table.length, wanted).headers : new Map();
}

/** Returns the first element of an encoded array where it is a text. */
function firstText(array: unknown): string | undefined {
  if (!Buffer.isBuffer(array) || array[LENGTH] !== TEXT_TAG || array.length < 2 * LENGTH + 1) return undefined;
  const start = 2 * LENGTH + 1;
  return array.toString('utf8', start, start + array.readUInt32BE(LENGTH + 1));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function milliseconds(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
