/** Bytes of the values that always have as many, by type tag: RabbitMQ's, and those of the specification. */
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

/** Text, bytes, array and table begin with their length. */
const VARYING = 'SxAF';

/** What was found in a table of headers, and why the rest of it could not be read, if so. */
export interface Fields {
  readonly headers: ReadonlyMap<string, unknown>;
  readonly damage: string | undefined;
}

/**
 * Reads the wanted fields of a table, and steps over all others by their length. So neither what they hold, nor how
 * deep they are nested, is of any consequence. Never throws.
 * @param start behind the table's own length
 */
export function readFields(bytes: Buffer, start: number, end: number, wanted: ReadonlySet<string>): Fields {
  const headers = new Map<string, unknown>();
  let at = start;
  while (at < end) {
    const tagAt = at + 1 + (bytes[at] ?? 0);
    const tag = String.fromCharCode(bytes[tagAt] ?? 0);
    const valueAt = tagAt + 1;
    const next = valueAt + sizeOf(tag, bytes, valueAt, end);
    if (Number.isNaN(next))
      return { headers, damage: `a header of the unknown type 0x${tag.charCodeAt(0).toString(16)}` };
    if (next > end) return { headers, damage: 'a header is cut off' };
    const name = bytes.toString('utf8', at + 1, tagAt);
    if (wanted.has(name)) headers.set(name, readValue(tag, bytes, valueAt, next));
    at = next;
  }
  return { headers, damage: undefined };
}

/** NaN for an unknown tag, beyond the end for what is not all there. */
function sizeOf(tag: string, bytes: Buffer, at: number, end: number): number {
  const size = Object.hasOwn(SIZES, tag) ? SIZES[tag] : undefined;
  if (size !== undefined) return size;
  if (!VARYING.includes(tag)) return at > end ? Number.POSITIVE_INFINITY : Number.NaN;
  return at + 4 > end ? Number.POSITIVE_INFINITY : 4 + bytes.readUInt32BE(at);
}

/** Text and whole numbers are all that is of use here; of other values the bytes tell that they are something else. */
function readValue(tag: string, bytes: Buffer, at: number, end: number): unknown {
  switch (tag) {
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
      return bytes.subarray(at, end);
  }
}
