import { fieldEnd } from './field-table.js';

/** Maximum number of tables and arrays inside each other that are read. */
const MAX_DEPTH = 6;

/**
 * Reads all fields of an encoded header table as plain values, for display. Times become ISO 8601. What cannot be read is left
 * out. Never throws.
 */
export function readTable(table: Buffer): Record<string, unknown> {
  return fieldsOf(table, 0, table.length, 0);
}

function fieldsOf(bytes: Buffer, start: number, end: number, depth: number): Record<string, unknown> {
  const fields: [string, unknown][] = [];
  for (let at = start; at < end; ) {
    const tagAt = at + 1 + (bytes[at] ?? 0);
    const next = fieldEnd(bytes, tagAt, end);
    if (!(next <= end)) break;
    fields.push([bytes.toString('utf8', at + 1, tagAt), valueAt(bytes, tagAt, next, depth)]);
    at = next;
  }
  // An assignment to `__proto__` would set the prototype.
  return Object.fromEntries(fields);
}

function itemsOf(bytes: Buffer, start: number, end: number, depth: number): unknown[] {
  const items: unknown[] = [];
  for (let at = start; at < end; ) {
    const next = fieldEnd(bytes, at, end);
    if (!(next <= end)) break;
    items.push(valueAt(bytes, at, next, depth));
    at = next;
  }
  return items;
}

function valueAt(bytes: Buffer, tagAt: number, end: number, depth: number): unknown {
  const at = tagAt + 1;
  switch (String.fromCharCode(bytes[tagAt] ?? 0)) {
    case 'S':
      return bytes.toString('utf8', at + 4, end);
    case 't':
      return bytes[at] !== 0;
    case 'b':
      return bytes.readInt8(at);
    case 'B':
      return bytes.readUInt8(at);
    case 's':
    case 'U':
      return bytes.readInt16BE(at);
    case 'u':
      return bytes.readUInt16BE(at);
    case 'I':
      return bytes.readInt32BE(at);
    case 'i':
      return bytes.readUInt32BE(at);
    case 'L':
    case 'l':
      return plainInteger(bytes.readBigInt64BE(at));
    case 'f':
      return bytes.readFloatBE(at);
    case 'd':
      return bytes.readDoubleBE(at);
    case 'D':
      return bytes.readInt32BE(at + 1) / 10 ** bytes.readUInt8(at);
    case 'T':
      return timeOf(bytes.readBigUInt64BE(at));
    case 'F':
      return depth < MAX_DEPTH ? fieldsOf(bytes, at + 4, end, depth + 1) : '[nested too deep]';
    case 'A':
      return depth < MAX_DEPTH ? itemsOf(bytes, at + 4, end, depth + 1) : '[nested too deep]';
    case 'x':
      return `${end - at - 4} bytes`;
    default:
      return null;
  }
}

function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Largest time of a Date, in seconds. */
const MAX_SECONDS = 8_640_000_000_000n;

function timeOf(seconds: bigint): string | bigint {
  return seconds <= MAX_SECONDS ? new Date(Number(seconds) * 1000).toISOString() : seconds;
}
