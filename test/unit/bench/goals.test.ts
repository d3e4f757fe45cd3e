import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/goals.js';
import { allResults, callResults, floorResults, scaleResults, startResults } from './figures.js';

const unmet = (results: Parameters<typeof judge>[0]) =>
  judge(results)
    .filter(({ met }) => !met)
    .map(({ goal }) => goal);

describe("the benchmark's goals", () => {
  it('are met by good figures', () => {
    const goals = judge(allResults());
    expect(goals.length).toBeGreaterThan(20);
    expect(goals.filter(({ met }) => !met)).toEqual([]);
  });

  it('are each missed by a figure above its limit', () => {
    const floor = {};
    expect(unmet(callResults({ floor, oslo: { callsPerSecond: 1190 } }))).toEqual(['calls/s ÷ floor: at least 1.2']);
    const fast = { callsPerSecond: 1200 };
    expect(unmet(callResults({ floor, oslo: fast }))).toEqual([]);
    expect(unmet(callResults({ floor, oslo: { ...fast, p50Ms: 1.01 } }))).toEqual([
      'p50 ÷ floor, one at a time: at most 1',
    ]);
    expect(unmet(callResults({ floor, oslo: { ...fast, p99Ms: 2.01, loadedP99Ms: 20.1 } }))).toEqual([
      'p99 ÷ floor, one at a time: at most 1',
      'p99 ÷ floor, 100 in flight: at most 1',
    ]);
    expect(unmet(callResults({ floor, oslo: { ...fast, clientCpuMicros: 53, serverCpuMicros: 53 } }))).toEqual([
      'client CPU of a call ÷ floor: at most 1.3',
      'server CPU of a call ÷ floor: at most 1.3',
    ]);
  });

  it('are missed where services stay away after a restart of the broker', () => {
    const { fleet } = allResults();
    expect(unmet({ fleet })).toEqual([]);
    const { oslo } = fleet.peers;
    if (!oslo) throw new Error('no fleet');
    const restart = { ...oslo.dense.storms.restart, failed: 1, servingAllMs: 5001 };
    const late = { ...oslo, dense: { ...oslo.dense, storms: { ...oslo.dense.storms, restart } } };
    expect(unmet({ fleet: { peers: { ...fleet.peers, oslo: late } } })).toEqual([
      'services that are away 60 s after a restart of the broker: at most 0',
      'all services serve again after a restart of the broker, ms: at most 5000',
      'the same ÷ Python: at most 1',
    ]);
  });

  it('are missed by large calls below their part of the floor', () => {
    const callsTo = { floor: 0.86, envelope: 1.04 };
    const records = allResults().payload.sizes.map((size) => ({ ...size, callsTo }));
    const text = {
      bytes: 100_000,
      isText: true as const,
      inFlight: 2,
      subjects: {},
      callsTo: { floor: 0.1, envelope: 0.94 },
    };
    const sizes = [...records, text];
    expect(unmet({ payload: { sizes } })).toEqual([
      'calls/s of 200 B ÷ floor with envelope: at least 1.05',
      'calls/s of 1 kB ÷ floor with envelope: at least 1.05',
      'calls/s of 10 kB ÷ floor with envelope: at least 1.05',
      'calls/s of 10 kB ÷ floor: at least 0.9',
      'calls/s of 100 kB ÷ floor with envelope: at least 1.05',
      'calls/s of 1 MB ÷ floor with envelope: at least 1.05',
      'calls/s of 100 kB of text ÷ floor with envelope: at least 0.95',
    ]);
  });

  it('are missed where traces and metrics take more than 15 % of the calls', () => {
    const { observability } = allResults();
    expect(unmet({ observability })).toEqual([]);
    const callsToOff = { ...observability.callsToOff, all: 0.84 };
    expect(unmet({ observability: { ...observability, callsToOff } })).toEqual([
      'calls/s with traces and metrics ÷ without: at least 0.85',
    ]);
  });

  it('are missed where the explorer takes more than 3 % of the calls', () => {
    const { explorer } = allResults();
    expect(unmet({ explorer })).toEqual([]);
    const callsToOff = { off: 1, registered: 0.969, page: 0.96 };
    expect(unmet({ explorer: { ...explorer, callsToOff } })).toEqual([
      'calls/s with the explorer, no page open ÷ without: at least 0.97',
      'calls/s with a page of the explorer ÷ without: at least 0.97',
    ]);
  });

  it('are missed on a single version of Node.js', () => {
    expect(unmet({ floors: floorResults() })).toEqual([]);
    expect(unmet({ floors: floorResults('20', { callsPerSecond: 1090, p50Ms: 1.11, p99Ms: 3 }) })).toEqual([
      'calls/s ÷ floor, Node.js 20: at least 1.1',
      'p50 ÷ floor, one at a time, Node.js 20: at most 1.1',
    ]);
    expect(
      unmet({ floors: floorResults('22', { callsPerSecond: 990, p50Ms: 1.01, p99Ms: 2.1, loadedP99Ms: 21 }) }),
    ).toEqual([
      'calls/s ÷ floor, Node.js 22: at least 1.2',
      'calls/s ÷ bare amqplib without guarantees, Node.js 22: at least 1',
      'p50 ÷ floor, one at a time, Node.js 22: at most 1',
      'p99 ÷ floor, one at a time, Node.js 22: at most 1',
      'p99 ÷ floor, 100 in flight, Node.js 22: at most 1',
    ]);
    const { runtimes } = allResults();
    runtimes.runtimes['26'].memoryToRabbit = 9.9;
    expect(unmet({ runtimes })).toContain('memory:// calls/s ÷ RabbitMQ, Node.js 26: at least 10');
  });

  it('are missed by a slow import, an idle service that holds more, and a larger package', () => {
    const start = startResults();
    expect(unmet({ start })).toEqual([]);
    const { memory } = start.beyondEmpty;
    const larger = { ...start.packed, bytes: 1_010_000 };
    const worse = { ...start, imported: { ...start.imported, cpuMs: 61 }, packed: larger };
    expect(unmet({ start: { ...worse, beyondEmpty: { memory, rabbit: { ...memory, rssBytes: 1.6e7 } } } })).toEqual([
      'import beyond Nest, ms of CPU: at most 60',
      'memory of an idle service of 20 topics beyond an empty one, MB: at most 15',
      'the package, packed, MB: at most 1',
    ]);
  });

  it('compare with the best of the products, and with the weak floor by another goal', () => {
    const oslo = { callsPerSecond: 2500 };
    const peers = { 'floor-weak': { callsPerSecond: 2400 }, moleculer: {}, 'nest-rmq': { callsPerSecond: 1200 }, oslo };
    expect(unmet(callResults(peers, 'nest-rmq'))).toEqual(['calls/s ÷ the best of the peers: at least 2.2']);
    expect(unmet(callResults(peers, 'moleculer'))).toEqual([]);
    expect(unmet(callResults({ 'floor-weak': { callsPerSecond: 2600 }, oslo }))).toEqual([
      'calls/s ÷ bare amqplib without guarantees: at least 1',
    ]);
  });

  it('are missed by a figure that is not a number', () => {
    expect(unmet({ scale: { ...scaleResults(), bytesPerPendingCall: Number.NaN } })).toEqual([
      'bytes of a pending call: at most 2000',
    ]);
  });

  it('are evaluated only for existing figures', () => {
    expect(judge({})).toEqual([]);
    const { notifications } = allResults();
    const goals = judge({ notifications: { ...notifications, soak: null } });
    expect(goals.map(({ goal }) => goal)).toEqual([
      'notifications published/s ÷ floor: at least 0.9',
      'notifications consumed/s ÷ floor: at least 0.9',
    ]);
  });

  it('report a lost call', () => {
    const scale = scaleResults();
    scale.inFlight.lost++;
    expect(unmet({ scale })).toEqual(['calls lost, 10,000 in flight: at most 0']);
  });
});
