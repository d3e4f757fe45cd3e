import { readLong, TAG, writeLong } from './frame-format.js';
import { CANCELLABLE, DEADLINE } from './header-names.js';

/** Name and type tag of the header {@link DEADLINE}, as {@link putDeadline} writes them. */
const HEAD = Buffer.from([DEADLINE.length, ...Buffer.from(DEADLINE), TAG.INTEGER]);

/** Size of the field in bytes. */
const FIELD_SIZE = HEAD.length + 8;

/** The header {@link CANCELLABLE}, as {@link putCancellable} writes it. */
const MARK = Buffer.from([CANCELLABLE.length, ...Buffer.from(CANCELLABLE), TAG.BOOLEAN, 1]);

/** Writes the header without the steps of a table. Every call carries it. Returns the offset of its end. */
export function putDeadline(bytes: Buffer, at: number, deadline: number): number {
  putBytes(bytes, at, HEAD);
  writeLong(bytes, deadline, at + HEAD.length);
  return at + FIELD_SIZE;
}

/** Writes the mark of a call that can be cancelled. Returns the offset of its end. */
export function putCancellable(bytes: Buffer, at: number): number {
  putBytes(bytes, at, MARK);
  return at + MARK.length;
}

/**
 * Reads a table that has the header {@link DEADLINE}, at most with {@link CANCELLABLE} behind it, as that of most calls. Returns
 * undefined for any other table.
 */
export function readSoleDeadline(bytes: Buffer, start: number, end: number): number | undefined {
  const mark = start + FIELD_SIZE;
  if (end !== mark && !(end === mark + MARK.length && hasBytes(bytes, mark, MARK))) return undefined;
  return hasBytes(bytes, start, HEAD) ? readLong(bytes, start + HEAD.length) : undefined;
}

/** Returns true where a table that {@link readSoleDeadline} has read has the mark, too. */
export function hasMark(start: number, end: number): boolean {
  return end - start > FIELD_SIZE;
}

// A call of a native function costs more than these bytes.
function putBytes(bytes: Buffer, at: number, field: Buffer): void {
  for (let index = 0; index < field.length; index++) bytes[at + index] = field[index] ?? 0;
}

function hasBytes(bytes: Buffer, at: number, field: Buffer): boolean {
  for (let index = 0; index < field.length; index++) if (bytes[at + index] !== field[index]) return false;
  return true;
}
