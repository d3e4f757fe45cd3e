import { describe, expect, it } from 'vitest';
import { EventBuffer } from '../../../lib/inspect/tap/event-buffer.js';

describe('EventBuffer', () => {
  it('passes events on in order, and ends after the last', async () => {
    const buffer = new EventBuffer<number>(10);
    const read: number[] = [];
    const reading = (async () => {
      for await (const event of buffer) read.push(event);
    })();
    buffer.push(1);
    await Promise.resolve();
    buffer.push(2);
    buffer.close();
    await reading;
    expect(read).toEqual([1, 2]);
    expect(buffer.push(3)).toBe(false);
  });

  it('refuses events that a slow reader has no room for, and takes them again later', async () => {
    const buffer = new EventBuffer<number>(3);
    expect([1, 2, 3, 4, 5].map((event) => buffer.push(event))).toEqual([true, true, true, false, false]);
    const iterator = buffer[Symbol.asyncIterator]();
    for (let event = 1; event < 1000; event++) {
      const { value } = await iterator.next();
      expect(value).toBe(event < 4 ? event : event + 2);
      expect(buffer.push(event + 5)).toBe(true);
    }
  });

  it('names the events that a reader leaves', async () => {
    const left: number[] = [];
    const buffer = new EventBuffer<number>(10, (events) => left.push(...events));
    for (const event of [1, 2, 3]) buffer.push(event);
    for await (const _ of buffer) break;
    expect(left).toEqual([2, 3]);
    expect(buffer.push(4)).toBe(false);
  });
});
