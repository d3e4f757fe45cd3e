import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { better, fallen, ratiosOf } from '../../../bench/guard.js';
import { kindOf } from '../../../bench/machine.js';
import { type Baselines, readJson, storedFor, withRatios, writeJson } from '../../../bench/results.js';
import { allResults, callResults } from './figures.js';

describe("the benchmark's guard", () => {
  const floor = {};
  const stored = ratiosOf(callResults({ floor, oslo: { callsPerSecond: 1200, p50Ms: 0.8 } }));

  it('turns every ratio so that more is better', () => {
    expect(stored['calls/s beside floor']).toBe(1.2);
    expect(stored['p50 beside floor']).toBe(1.25);
  });

  it('accepts a ratio that is 15 % lower, and not more', () => {
    const now = (callsPerSecond: number, p50Ms: number) =>
      fallen(stored, ratiosOf(callResults({ floor, oslo: { callsPerSecond, p50Ms } })));
    expect(now(1021, 0.94)).toEqual([]);
    expect(now(1019, 0.94)).toEqual(['calls/s beside floor']);
    expect(now(1200, 0.95)).toEqual(['p50 beside floor']);
    expect(now(5000, 0.1)).toEqual([]);
  });

  it('counts a missing ratio as fallen', () => {
    expect(fallen(stored, {})).toEqual(Object.keys(stored));
  });

  it('uses the better of two measurements', () => {
    expect(better({ a: 1, b: 3 }, { a: 2, b: 1 })).toEqual({ a: 2, b: 3 });
    expect(better({ a: Number.NaN }, { a: 2 })).toEqual({ a: 2 });
  });

  it('compares with ratios of the same kind of machine, or else with the lowest', () => {
    const machine = { cpu: 'CPU', cores: 2, node: 'v24.21.0', broker: 'RabbitMQ 3.10.8' };
    const baselines = { [kindOf(machine)]: { a: 2, b: 1 }, another: { a: 1, b: 3, c: 1 } };
    const later = { ...machine, node: 'v24.30.1', broker: 'RabbitMQ 3.10.9' };
    expect(storedFor(baselines, later)).toEqual({ kind: kindOf(machine), stored: { a: 2, b: 1 } });
    for (const change of [{ cores: 4 }, { cpu: 'other' }, { node: 'v26.0.0' }, { broker: 'RabbitMQ 4.0.3' }])
      expect(storedFor(baselines, { ...machine, ...change })).toEqual({
        kind: undefined,
        stored: { a: 1, b: 1, c: 1 },
      });
  });

  it('stores the mean of the ratios of one kind of machine beside those of others', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'baselines-')), 'baselines.json');
    const machine = { cpu: 'CPU', cores: 2, node: 'v24.21.0', broker: 'RabbitMQ 3.10.8' };
    try {
      const before = { another: { a: 1 }, [kindOf(machine)]: { a: 5, gone: 5 } };
      await writeJson(path, withRatios(before, machine, { a: 1.23456789, b: 2 }));
      expect(await readJson<Baselines>(path)).toEqual({ another: { a: 1 }, [kindOf(machine)]: { a: 3.117, b: 2 } });
    } finally {
      await rm(dirname(path), { recursive: true });
    }
  });

  it('stores only ratios that a check measures', async () => {
    const known = Object.keys(ratiosOf(allResults()));
    const baselines = Object.entries(await readJson<Baselines>('bench/baselines.json'));
    expect(baselines.length).toBeGreaterThan(0);
    for (const [kind, baseline] of baselines) {
      // A machine has no ratio of a part that is newer than its last whole run.
      expect(Object.keys(baseline), kind).toEqual(known.filter((name) => name in baseline));
      for (const value of Object.values(baseline)) expect(value).toBeGreaterThan(0);
    }
  });
});
