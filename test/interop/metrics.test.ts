import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { prometheus } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { PYTHON } from '../../testkit/prerequisites.js';
import { describeWithPythonLibrary } from '../support/environment.js';

/** Prints the metrics of oslo.metrics, which defines them for a client of Prometheus: name, labels and buckets. */
const PROGRAM = `
import json, sys, types
found = {}
def define(name, help, labels, buckets=None):
    found[name] = {'labels': labels, 'buckets': buckets}
stub = types.ModuleType('prometheus_client')
stub.Counter = stub.Histogram = define
sys.modules['prometheus_client'] = stub
import oslo_metrics.metrics.oslo_messaging
print(json.dumps(found))
`;

describeWithPythonLibrary('the metrics of requests', () => {
  it('have the names, labels and buckets of oslo.metrics', async () => {
    const { stdout } = await promisify(execFile)(PYTHON, ['-c', PROGRAM]);
    const theirs = JSON.parse(stdout) as Record<string, { labels: string[]; buckets: number[] | null }>;
    const register = new Registry();
    prometheus({ register });
    expect(Object.keys(theirs)).toHaveLength(8);
    for (const [name, { labels, buckets }] of Object.entries(theirs)) {
      const ours = register.getSingleMetric(name) as unknown as { labelNames: string[]; upperBounds?: number[] };
      expect(ours, name).toBeDefined();
      expect([...ours.labelNames].sort(), name).toEqual([...labels].sort());
      expect(ours.upperBounds ?? null, name).toEqual(buckets);
    }
  });
});
