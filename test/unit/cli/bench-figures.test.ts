import { describe, expect, it } from 'vitest';
import { bar, columns } from '../../../lib/cli/bench/bar-chart.js';
import { evaluate, readCheck } from '../../../lib/cli/bench/check.js';
import { ErrorCounts } from '../../../lib/cli/bench/error-counts.js';
import { LatencyHistogram } from '../../../lib/cli/bench/latency-histogram.js';
import { type ProfiledProcess, profileText } from '../../../lib/cli/bench/profile-report.js';
import { ThroughputSeries } from '../../../lib/cli/bench/throughput-series.js';
import { GROUP_NAMES, type Group } from '../../../lib/cli/profile/groups.js';
import { RemoteError } from '../../../lib/internal.js';

describe('latencies of a load', () => {
  it('are told apart by three digits, between the exact lowest and highest', () => {
    const histogram = new LatencyHistogram();
    for (let index = 1; index <= 10_000; index += 1) histogram.record(index / 10);
    const figures = histogram.figures();
    expect(figures).toMatchObject({ min: 0.1, max: 1000 });
    for (const [name, exact] of [
      ['p50', 500],
      ['p90', 900],
      ['p95', 950],
      ['p99', 990],
      ['p99.9', 999],
      ['mean', 500.05],
    ] as const) {
      expect(figures?.[name], name).toBeGreaterThan(exact * 0.998);
      expect(figures?.[name], name).toBeLessThan(exact * 1.002);
    }
  });

  it('of any length are counted, and the chart has each of them once', () => {
    const histogram = new LatencyHistogram();
    for (const latency of [0, 0.0004, 0.3, 5, 5, 7, 59_999, 1e9]) histogram.record(latency);
    expect(histogram.figures()).toMatchObject({ min: 0.001, max: 3_600_000 });
    const buckets = histogram.buckets.read(100);
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(8);
    expect(buckets).toContainEqual({ from: 5, to: 7, count: 2 });
    expect(buckets).toContainEqual({ from: 7, to: 10, count: 1 });
    const joined = histogram.buckets.read(8);
    expect(joined.length).toBeLessThanOrEqual(8);
    expect(joined.reduce((sum, { count }) => sum + count, 0)).toBe(8);
    expect(joined[0]?.from).toBe(buckets[0]?.from);
    for (const [index, bucket] of joined.entries()) if (index > 0) expect(bucket.from).toBe(joined[index - 1]?.to);
  });

  it('that nobody recorded have no figures', () => {
    const histogram = new LatencyHistogram();
    histogram.record(3);
    histogram.reset();
    expect(histogram.figures()).toBeUndefined();
    expect(histogram.buckets.read(10)).toEqual([]);
  });
});

describe('thresholds of a load', () => {
  const figures = {
    latency: { min: 1, mean: 10, p50: 8, p90: 20, p95: 30, p99: 40, 'p99.9': 45, max: 50 },
    requests: { sent: 200, failed: 2, notSent: 1 },
    throughput: 123.4,
  };

  it.each([
    ['p99<50ms', 40, true],
    ['p99 < 40ms', 40, false],
    ['p99<=40ms', 40, true],
    ['p99.9<0.05s', 45, true],
    ['max>1s', 50, false],
    ['errors<1%', 0.01, false],
    ['errors<=1%', 0.01, true],
    ['errors<=0', 2, false],
    ['unsent<2', 1, true],
    ['rate>=123', 123.4, true],
  ])('%s', (text, value, passed) => {
    expect(evaluate(readCheck(text), figures)).toEqual({ check: text, value, passed });
  });

  it('are not kept without a measurement', () => {
    const result = evaluate(readCheck('p99<50ms'), { ...figures, latency: null });
    expect(result).toEqual({ check: 'p99<50ms', value: null, passed: false });
  });

  it.each(['p99<50', 'p98<50ms', 'p99=50ms', 'errors<1ms', 'rate>10%', 'p99<', ''])('refuse %j', (text) => {
    expect(() => readCheck(text)).toThrow(/^--check: expected .*p99<50ms/);
  });
});

it('errors are counted by class, remote ones by theirs, and of too many kinds together', () => {
  const counts = new ErrorCounts();
  counts.add(new RemoteError('ValueError', 'password=hunter2'));
  counts.add(new RemoteError('ValueError', 'another'));
  counts.add(new RangeError('one'));
  expect(counts.read()).toEqual([
    { name: 'RemoteError ValueError', count: 2, example: 'Remote error: ValueError password=***' },
    { name: 'RangeError', count: 1, example: 'one' },
  ]);
  for (let index = 0; index < 1000; index += 1) counts.add(new RemoteError(`Class${index}`, ''));
  const all = counts.read();
  expect(all.length).toBeLessThanOrEqual(21);
  expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(1003);
  expect(all[0]?.name).toBe('other errors');
});

it('throughput over a day fits a chart, and keeps its mean', () => {
  const series = new ThroughputSeries();
  for (let second = 0; second < 86_400; second += 1)
    series.add({ seconds: 1, succeeded: second % 2 === 0 ? 100 : 300 });
  const points = series.read();
  expect(points.length).toBeLessThanOrEqual(61);
  expect(points.length).toBeGreaterThan(20);
  for (const point of points) expect(point).toBe(200);
  const short = new ThroughputSeries();
  for (const succeeded of [1, 2, 3]) short.add({ seconds: 0.5, succeeded });
  expect(short.read()).toEqual([2, 4, 6]);
});

it('bars show eighths, and few as more than none', () => {
  expect(bar(1, 3)).toBe('███');
  expect(bar(0.5, 3)).toBe('█▌');
  expect(bar(0.0001, 3)).toBe('▏');
  expect(bar(0, 3)).toBe('');
  expect(columns([0, 50, 100])).toBe('▁▅█');
  expect(columns([0, 0])).toBe('▁▁');
});

describe('the profile of a load', () => {
  const processOf = (name: string, groups: Partial<Record<Group, number>>): ProfiledProcess => ({
    cpuMicros: 30,
    groups: { ...(Object.fromEntries(GROUP_NAMES.map((group) => [group, 0])) as Record<Group, number>), ...groups },
    heaviest: [
      { name: 'writeBuffer', at: '', group: 'sockets', micros: 12.5 },
      { name: 'parseJson', at: 'lib/core/json.js:31', group: 'json', micros: 1.25 },
    ],
    cpuProfile: `/tmp/${name}.cpuprofile`,
    flameGraph: `/tmp/${name}.svg`,
  });
  const client = processOf('client', { json: 4.52, sockets: 25.48 });

  it('shows the groups that took time, the heaviest functions and the files', () => {
    const text = profileText({ messages: 10, client, server: processOf('server', { nestjs: 30 }) });
    expect(text).toBe(
      [
        'µs of CPU of a message, under the profiler  client  server',
        '  JSON and text                                4.5     0.0',
        '  NestJS                                       0.0    30.0',
        '  sockets and streams                         25.5     0.0',
        '  in all                                      30.0    30.0',
        'Heaviest functions of the client   12.50  writeBuffer  native code',
        '                                    1.25  parseJson  lib/core/json.js:31',
        'Heaviest functions of the server   12.50  writeBuffer  native code',
        '                                    1.25  parseJson  lib/core/json.js:31',
        'Written to /tmp/client.svg',
        'Written to /tmp/client.cpuprofile',
        'Written to /tmp/server.svg',
        'Written to /tmp/server.cpuprofile',
        '',
      ].join('\n'),
    );
  });

  it('has one column without a server of its own', () => {
    expect(profileText({ messages: 10, client, server: null })).toMatch(
      /^µs of CPU of a message, under the profiler {2}client\n/,
    );
  });
});
