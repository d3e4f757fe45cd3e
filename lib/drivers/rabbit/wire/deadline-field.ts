import { readLong, TAG, writeLong } from './frame-format.js';
import { DEADLINE } from './header-names.js';

/** Name and type tag of the header {@link DEADLINE}, as {@link putDeadline} writes them. */
const HEAD = Buffer.from([DEADLINE.length, ...Buffer.from(DEADLINE), TAG.INTEGER]);

/** Size of the field in bytes. */
const FIELD_SIZE = HEAD.length + 8;

/** Writes the header without the steps of a table. Every call carries it. Returns the offset of its end. */
export function putDeadline(bytes: Buffer, at: number, deadline: number): number {
  for (let index = 0; index < HEAD.length; index++) bytes[at + index] = HEAD[index] ?? 0;
  writeLong(bytes, deadline, at + HEAD.length);
  return at + FIELD_SIZE;
}

/** Reads a table that has this header only, as that of most calls. Returns undefined for any other table. */
export function readSoleDeadline(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start !== FIELD_SIZE) return undefined;
  // A call of a native function costs more than these bytes.
  for (let at = 0; at < HEAD.length; at++) if (bytes[start + at] !== HEAD[at]) return undefined;
  return readLong(bytes, start + HEAD.length);
}
