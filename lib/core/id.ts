import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
/** Random bytes in stock. Asking the system for each id would cost several times as much as the rest. */
const stock = Buffer.alloc(ID_BYTES * 256);
let used = stock.length;

/** Returns 32 random hexadecimal digits with the version and variant of a UUID 4, like Python's `uuid4().hex`. */
export function newId(): string {
  if (used === stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  const start = used;
  used += ID_BYTES;
  stock[start + 6] = ((stock[start + 6] ?? 0) & 0x0f) | 0x40;
  stock[start + 8] = ((stock[start + 8] ?? 0) & 0x3f) | 0x80;
  return stock.toString('hex', start, used);
}
