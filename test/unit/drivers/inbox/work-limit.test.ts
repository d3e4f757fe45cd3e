import { expect, it, vi } from 'vitest';
import { limitsOf } from '../../../../lib/core/limits.js';
import { WorkLimit } from '../../../../lib/drivers/inbox/work-limit.js';
import { fakeDelivery } from './fake-delivery.js';

/** With two messages in work, the light ones have at most 100 bytes; the heavy ones share 4800 bytes. */
const LIMITS = limitsOf({ bytesInWork: 9600 });
const light = () => fakeDelivery({ body: Buffer.alloc(100, ' ') });
const heavy = (text = ' '.repeat(101)) => fakeDelivery({ body: Buffer.from(text) });

it('does not count light messages', () => {
  const limit = new WorkLimit(LIMITS, 2);
  expect(Array.from({ length: 100 }, () => limit.take(light()))).toEqual(Array(100).fill(0));
});

it('does not count a message of an engine that allocates nothing to read it', () => {
  expect(new WorkLimit(LIMITS, 2).take({ ...heavy(), size: undefined } as never)).toBe(0);
});

it('counts 24 bytes of memory for a byte while that fits, without reading the text', () => {
  const limit = new WorkLimit(LIMITS, 2);
  const text = vi.fn();
  expect(limit.take(fakeDelivery({ body: Buffer.alloc(101), text }))).toBe(101 * 24);
  expect(text).not.toHaveBeenCalled();
});

it('accepts any message while no other is counted', () => {
  expect(new WorkLimit(LIMITS, 2).take(heavy('['.repeat(10_000)))).toBeGreaterThan(9600);
});

it('counts three copies and 64 bytes a value once the rough weight does not fit', () => {
  const limit = new WorkLimit(LIMITS, 2);
  const taken = [limit.take(heavy()), limit.take(heavy(`[{,${' '.repeat(98)}`))];
  expect(taken).toEqual([101 * 24, 101 * 3 + 3 * 64]);
});

it('counts no more values than a message may have', () => {
  const limit = new WorkLimit(limitsOf({ bytesInWork: 9600, values: 2 }), 2);
  limit.take(heavy());
  expect(limit.take(heavy('['.repeat(101)))).toBe(101 * 3 + 2 * 64);
});

it('makes a message wait until there is room, and scans its text once', () => {
  const limit = new WorkLimit(LIMITS, 2);
  const first = limit.take(heavy()) ?? 0;
  const text = vi.fn(() => Buffer.alloc(101, '['));
  const waiting = fakeDelivery({ body: Buffer.alloc(101), text });
  expect([limit.take(waiting), limit.take(waiting)]).toEqual([undefined, undefined]);
  expect(text).toHaveBeenCalledOnce();
  limit.give(first);
  expect(limit.take(waiting)).toBe(101 * 24);
});

it('does not count a message that cannot be read', () => {
  const limit = new WorkLimit(LIMITS, 2);
  limit.take(heavy());
  const text = () => {
    throw new Error('damaged');
  };
  expect(limit.take(fakeDelivery({ body: Buffer.alloc(4800), text }))).toBe(0);
});
