import { fieldEnd } from './field-table.js';

/** Maximum size in bytes of the headers that are kept of a message: its sender chose them. */
export const MAX_KEPT_HEADER_BYTES = 16 * 1024;

/** Maximum number of tables and arrays inside each other in a header that is kept. */
const MAX_DEPTH = 4;

/**
 * Headers that are never published again. RabbitMQ would route a copy to each queue that `CC` or `BCC` names, and
 * `__proto__` sets a prototype in many clients.
 */
const UNSAFE: ReadonlySet<string> = new Set(['CC', 'BCC', '__proto__']);

/** Type tags of plain values, as amqplib reads them. */
const PLAIN = 'bBsuIilfdDTtVSx';

/** Type tags that amqplib and other clients cannot read, each with a readable tag of the same size. */
const READABLE: Readonly<Record<string, string>> = { L: 'l', U: 's' };

/**
 * Returns the encoded fields of a header table that can be published again: those that every client can read, up to
 * {@link MAX_KEPT_HEADER_BYTES}. Undefined when there are none. Never throws.
 * @param table encoded fields, without the length before them
 * @param replaced names of headers that are left out
 */
export function keepHeaders(table: Buffer, replaced: ReadonlySet<string>): Buffer | undefined {
  const kept = Buffer.allocUnsafe(Math.min(table.length, MAX_KEPT_HEADER_BYTES));
  let used = 0;
  for (let at = 0; at < table.length; ) {
    const tagAt = at + 1 + (table[at] ?? 0);
    const next = fieldEnd(table, tagAt, table.length);
    // Nothing behind a field of unknown length can be read.
    if (!(next <= table.length)) break;
    const end = used + next - at;
    const name = table.toString('utf8', at + 1, tagAt);
    if (end <= kept.length && !replaced.has(name) && !UNSAFE.has(name)) {
      table.copy(kept, used, at, next);
      if (makeReadable(kept, used + tagAt - at, end, 0)) used = end;
    }
    at = next;
  }
  return used > 0 ? kept.subarray(0, used) : undefined;
}

/** Rewrites type tags in place. Returns false for a value that not every client can read. */
function makeReadable(bytes: Buffer, tagAt: number, end: number, depth: number): boolean {
  const given = String.fromCharCode(bytes[tagAt] ?? 0);
  const tag = READABLE[given] ?? given;
  if (tag !== given) bytes.write(tag, tagAt, 'latin1');
  if (PLAIN.includes(tag)) return true;
  if ((tag !== 'F' && tag !== 'A') || depth === MAX_DEPTH) return false;
  for (let at = tagAt + 5; at < end; ) {
    const inner = tag === 'F' ? at + 1 + (bytes[at] ?? 0) : at;
    const next = fieldEnd(bytes, inner, end);
    if (!(next <= end) || !makeReadable(bytes, inner, next, depth + 1)) return false;
    at = next;
  }
  return true;
}
