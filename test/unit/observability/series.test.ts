import fc from 'fast-check';
import { AggregatorRegistry, Counter, Histogram, Registry, type RegistryContentType } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SeriesCounter, SeriesHistogram } from '../../../lib/observability/metrics/series.js';

const LABELS = ['topic', 'method'];
const BOUNDS = [0.01, 0.5, 1, 10];

type Labels = Readonly<Record<string, string>>;

/** The same metrics as series and as prom-client's own, on a registry each. */
function both() {
  const [ours, theirs] = [new Registry(), new Registry()];
  const common = { help: 'A "help"\\n', labelNames: LABELS };
  const counter = new SeriesCounter({ ...common, name: 'calls_total', registers: [ours] });
  const histogram = new SeriesHistogram({ ...common, name: 'call_seconds', registers: [ours] }, BOUNDS);
  const theirCounter = new Counter({ ...common, name: 'calls_total', registers: [theirs] });
  const theirHistogram = new Histogram({ ...common, name: 'call_seconds', buckets: BOUNDS, registers: [theirs] });
  const known = new Map<string, ReturnType<typeof made>>();
  const made = (labels: Labels) => ({ counter: counter.series(labels), histogram: histogram.series(labels) });
  const seriesOf = (labels: Labels) => {
    const key = JSON.stringify(labels);
    const one = known.get(key) ?? made(labels);
    known.set(key, one);
    return one;
  };
  return {
    registries: [ours, theirs] as const,
    add(labels: Labels, count: number) {
      seriesOf(labels).counter.add(count);
      theirCounter.inc(labels, count);
    },
    observe(labels: Labels, value: number) {
      seriesOf(labels).histogram.observe(value);
      theirHistogram.observe(labels, value);
    },
    remove(labels: Labels) {
      for (const metric of [counter, histogram, theirCounter, theirHistogram]) metric.remove(labels);
    },
  };
}

const labels = fc.record({
  topic: fc.constantFrom('a', 'b', 'with "quotes"', 'line\nbreak', '1'),
  method: fc.constantFrom('x', '\\', '', 'y'),
});
const value = fc.oneof(fc.constantFrom(0, ...BOUNDS, 11), fc.double({ min: 0, max: 20, noNaN: true }));
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('add' as const), labels, count: fc.nat(5) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('observe' as const), labels, value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), labels }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
);

describe('counters and histograms with series', () => {
  it('show the same text as prom-client, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { registries, add, observe, remove } = both();
        for (const one of steps) {
          if (one.kind === 'add') add(one.labels, one.count);
          else if (one.kind === 'observe') observe(one.labels, one.value);
          else if (one.kind === 'remove') remove(one.labels);
          else for (const registry of registries) registry.resetMetrics();
        }
        const [ours, theirs] = await Promise.all(registries.map((registry) => registry.metrics()));
        expect(ours).toBe(theirs);
        const [merged, theirMerged] = await Promise.all(registries.map(aggregated));
        expect(merged).toBe(theirMerged);
        const [labelled, theirLabelled] = await Promise.all(registries.map(withDefaultLabels));
        expect(labelled).toBe(theirLabelled);
        const [open, theirOpen] = await Promise.all(registries.map(asOpenMetrics));
        expect(open).toBe(theirOpen);
      }),
      { numRuns: 60 },
    );
  });

  it('are metrics of prom-client, by name', async () => {
    const { registries, add } = both();
    const [ours] = registries;
    expect(ours.getSingleMetric('calls_total')).toBeInstanceOf(Counter);
    expect(ours.getSingleMetric('call_seconds')).toBeInstanceOf(Histogram);
    add({ topic: 't', method: 'm' }, 2);
    ours.getSingleMetric('calls_total')?.remove('t', 'm');
    expect(await ours.getSingleMetricAsString('calls_total')).not.toContain('topic=');
    ours.clear();
    expect(await ours.metrics()).toBe('\n');
  });
});

/** Text of two workers of a cluster. */
async function aggregated(registry: Registry): Promise<string> {
  const metrics = JSON.parse(JSON.stringify(await registry.getMetricsAsJSON()));
  return AggregatorRegistry.aggregate([metrics, metrics]).metrics();
}

function withDefaultLabels(registry: Registry): Promise<string> {
  registry.setDefaultLabels({ process: 'p', topic: 'default' });
  return registry.metrics();
}

function asOpenMetrics(registry: Registry<RegistryContentType>): Promise<string> {
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry.metrics();
}
