import { describe, expect, it } from 'vitest';
import { mostOverMean } from '../../../bench/parts/processes.js';
import { growth } from '../../../bench/parts/scale.js';
import { bytesPerPendingCall } from '../../../bench/parts/sweeps.js';
import { median, medians, percentile, ratios } from '../../../bench/statistics.js';
import { scaleResults } from './figures.js';

describe("the benchmark's statistics", () => {
  it('take percentiles by the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1);
    expect([0, 0.5, 0.99, 1].map((part) => percentile(values, part))).toEqual([1, 100, 198, 200]);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('take the median between the two in the middle, in any order', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([30, 5, 20])).toBe(20);
    expect(median([])).toBeNaN();
  });

  it('take the ratio of each round, not that of the medians', () => {
    const rounds = (rates: number[]) => rates.map((callsPerSecond) => ({ callsPerSecond }));
    const oslo = rounds([100, 1000, 400]);
    const floor = rounds([100, 500, 800]);
    expect(ratios(oslo, floor).callsPerSecond).toBe(1);
    expect(medians(oslo).callsPerSecond / medians(floor).callsPerSecond).toBe(0.8);
  });

  it('measure growth by the ends of a series, and ignore one bad slice', () => {
    const { row } = scaleResults();
    const grown = row.slices.map((slice, index) => ({ ...slice, cpuMicros: index === 9 ? 1000 : 80 + index * 4 }));
    expect(growth({ ...row, slices: grown }, 'cpuMicros')).toBeCloseTo(112 / 84);
  });

  it('measure the imbalance of a division of work', () => {
    expect(mostOverMean([10, 10, 10, 10])).toBe(1);
    expect(mostOverMean([40, 0, 0, 0])).toBe(4);
  });

  it('derive the bytes of a pending call from the slope, not from the size of the process', () => {
    const at = (calls: number) => ({ peer: 'oslo' as const, calls, heapBytes: 5e7 + calls * 700 });
    expect(bytesPerPendingCall([at(1000), at(0), at(10_000)], 'oslo')).toBe(700);
    expect(bytesPerPendingCall([at(0)], 'oslo')).toBeUndefined();
  });
});
