/** Sizes in bytes of the values of fixed size, by type tag: RabbitMQ's, and those of the specification. */
const SIZES: Readonly<Record<string, number>> = {
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  U: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  D: 5,
  L: 8,
  l: 8,
  d: 8,
  T: 8,
  V: 0,
};

/** Type tags of text, bytes, arrays and tables, which begin with their length. */
const VARIABLE = 'SxAF';

/** Fields of a header table, and the reason why the rest of it could not be read. */
export interface Fields {
  readonly headers: ReadonlyMap<string, unknown>;
  readonly damage: string | undefined;
}

/**
 * Reads the wanted fields of a table. Skips all others by their length, at any depth of nesting. Never throws.
 * @param start position behind the table's own length
 */
export function readFields(bytes: Buffer, start: number, end: number, wanted: ReadonlySet<string>): Fields {
  const headers = new Map<string, unknown>();
  let at = start;
  while (at < end) {
    const tagAt = at + 1 + (bytes[at] ?? 0);
    const next = fieldEnd(bytes, tagAt, end);
    if (Number.isNaN(next)) return { headers, damage: `a header of the unknown type 0x${bytes[tagAt]?.toString(16)}` };
    if (next > end) return { headers, damage: 'a header is cut off' };
    const name = bytes.toString('utf8', at + 1, tagAt);
    if (wanted.has(name)) headers.set(name, readValue(bytes, tagAt, next));
    at = next;
  }
  return { headers, damage: undefined };
}

/** Returns where a field ends: NaN for an unknown type tag, beyond the end for a field that is cut off. */
export function fieldEnd(bytes: Buffer, tagAt: number, end: number): number {
  const at = tagAt + 1;
  const tag = String.fromCharCode(bytes[tagAt] ?? 0);
  const size = Object.hasOwn(SIZES, tag) ? SIZES[tag] : undefined;
  if (size !== undefined) return at + size;
  if (!VARIABLE.includes(tag)) return at > end ? Number.POSITIVE_INFINITY : Number.NaN;
  return at + 4 > end ? Number.POSITIVE_INFINITY : at + 4 + bytes.readUInt32BE(at);
}

/** Reads text and whole numbers. Other values are returned as their bytes, so that they do not count as absent. */
function readValue(bytes: Buffer, tagAt: number, end: number): unknown {
  const at = tagAt + 1;
  switch (String.fromCharCode(bytes[tagAt] ?? 0)) {
    case 'S':
      return bytes.toString('utf8', at + 4, end);
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
      return Number(bytes.readBigInt64BE(at));
    case 'V':
      return undefined;
    default:
      return Buffer.from(bytes.subarray(at, end));
  }
}
