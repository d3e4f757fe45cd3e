import { describe, expect, it } from 'vitest';
import { duration, plural } from '../../../lib/explorer/page/parts/format.js';
import { indented } from '../../../lib/explorer/page/parts/json-indent.js';
import { samplingNote } from '../../../lib/explorer/page/parts/sampling.js';
import { columnsOf, directionsOf, minutesOf, perSecond, readingOf } from '../../../lib/explorer/page/state/series.js';
import { tick } from '../../support/explorer/fixture-traffic.js';

const calls = perSecond('in', (traffic) => traffic.calls);

describe('Columns of a chart', () => {
  it('have rates by the length of the interval, and break where ticks are missing', () => {
    const ticks = [tick(0, { elapsed: 2000 }), tick(1), tick(1), tick(9)];
    const { times, values } = columnsOf(ticks, [calls, readingOf('seen', ({ p99 }) => p99)]);
    const at = (ticks[0]?.at ?? 0) / 1000;
    expect(times).toEqual([at, at + 1, at + 1.001, at + 9]);
    const [first = 0, , third] = values[0] ?? [];
    expect(first).toBe((ticks[0]?.traffic.in?.calls ?? 0) / 2);
    expect(third).toBeNull();
    expect(values[1]).toEqual([null, null, null, null]);
  });

  it('are summed up by minute, the latest first', () => {
    const ticks = Array.from({ length: 120 }, (_, second) => tick(second + 19));
    const rows = minutesOf(columnsOf(ticks, [() => 4, () => null]), 'mean');
    expect(rows).toHaveLength(2);
    expect(rows.map(({ values }) => values)).toEqual([
      [4, null],
      [4, null],
    ]);
    expect((rows[0]?.at ?? 0) - (rows[1]?.at ?? 0)).toBe(60_000);
  });

  it('know the directions that occur', () => {
    expect(directionsOf([tick(0)])).toEqual(['in', 'out']);
    expect(directionsOf([tick(0, {}, ['seen'])])).toEqual(['seen']);
    expect(directionsOf([])).toEqual([]);
  });
});

describe('Words of the page', () => {
  it('say that a sample is shown, and nothing where all is', () => {
    expect(samplingNote([tick(0)])).toBeUndefined();
    expect(samplingNote([tick(0, { shown: 30, total: 40 })])).toMatch(/^Showing 1 of 2 messages/);
    expect(samplingNote([tick(0, { shown: 0, total: 1 })])).toBe('Showing none of 1 message: the numbers count all.');
  });

  it('give durations with their units', () => {
    const durations = [null, 0.25, 3.06, 250, 1234, 61_000, 3_600_000, 90_000_000];
    expect(durations.map(duration)).toEqual([
      '–',
      '250 µs',
      '3.1 ms',
      '250 ms',
      '1.2 s',
      '1 min 1 s',
      '1 h',
      '1 d 1 h',
    ]);
    expect([plural(1, 'call'), plural(2000, 'call')]).toEqual(['1 call', '2,000 calls']);
  });

  it('break the lines of JSON, and keep numbers that a browser would change', () => {
    expect(indented('{"a":1}')).toBe('{\n  "a": 1\n}');
    for (const text of ['{"a":12345678901234567890}', '{"a":1…', 'no JSON']) expect(indented(text)).toBe(text);
    expect(indented('x'.repeat(60_000))).toHaveLength(50_001);
  });
});
