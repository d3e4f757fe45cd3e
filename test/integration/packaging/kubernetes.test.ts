import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getRpcClient, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toMilliseconds } from '../../../lib/core/duration.js';
import { withChannel } from '../../../testkit/amqp.js';
import { Child } from '../../support/child.js';
import { describeWithRabbit, rabbitUrl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string) => readFileSync(root + path, 'utf8');
const manifest = read('examples/kubernetes/deployment.yaml');
const program = read('examples/kubernetes/main.ts');

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  timeoutSeconds?: number;
  failureThreshold?: number;
}

interface Container {
  ports: { name: string; containerPort: number }[];
  env: { name: string; value?: string }[];
  lifecycle: { preStop: { sleep: { seconds: number } } };
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
}

interface Deployment {
  apiVersion: string;
  kind: string;
  spec: {
    selector: { matchLabels: object };
    template: {
      metadata: { labels: object };
      spec: { terminationGracePeriodSeconds: number; containers: [Container] };
    };
  };
}

const { apiVersion, kind, spec } = parse(manifest) as Deployment;
const { terminationGracePeriodSeconds, containers } = spec.template.spec;
const [container] = containers;
const variable = (name: string) => container.env.find((entry) => entry.name === name)?.value;
/** Returns the seconds of an option of the program. */
const secondsOf = (option: string) => {
  const [, duration = ''] = new RegExp(`${option}: .*'(\\d+s)'`).exec(program) ?? [];
  return toMilliseconds(duration as '1s') / 1000;
};

describe('the manifest for Kubernetes', () => {
  it('is the one of the documentation', () => {
    const [, documented] = /^```yaml\n(.*?)^```/ms.exec(read('docs/how-to/kubernetes.md')) ?? [];
    expect(documented).toBe(manifest);
  });

  it('is a Deployment of pods that it selects', () => {
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment' });
    expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
  });

  it('gives a pod time for each step of its end', () => {
    const drainTimeout = secondsOf('drainTimeout');
    expect(variable('DRAIN_TIMEOUT')).toBe(`${drainTimeout}s`);
    const { seconds: preStop } = container.lifecycle.preStop.sleep;
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(preStop + 2 * drainTimeout + 10);
  });

  it('probes routes of the program, and waits for a start that waits for the broker', () => {
    const { startupProbe, readinessProbe, livenessProbe } = container;
    const routes = [...program.matchAll(/@Get\('(\w+)'\)/g)].map(([, route]) => `/health/${route}`);
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
      expect(routes).toContain(httpGet.path);
      expect(container.ports.find(({ name }) => name === httpGet.port)?.containerPort).toBe(Number(variable('PORT')));
    }
    expect(readinessProbe.httpGet.path).toBe('/health/ready');
    const startup = startupProbe.periodSeconds * (startupProbe.failureThreshold ?? 3);
    expect(startup).toBeGreaterThan(secondsOf('rpcResponseTimeout') + 10);
  });
});

describeWithRabbit('a pod that ends under load', () => {
  const pods: Pod[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const { child } of pods.splice(0)) await child.stop();
    for (const close of closing.splice(0).reverse()) await close();
  });

  class Pod {
    readonly child: Child;
    ended = false;

    private url = '';

    constructor() {
      const env = { PORT: '0', TRANSPORT_URL: rabbitUrl, DRAIN_TIMEOUT: variable('DRAIN_TIMEOUT') ?? '' };
      this.child = new Child(`${root}dist/examples/kubernetes/main.js`, [], env);
      void this.child.exit().then(() => {
        this.ended = true;
      });
      pods.push(this);
    }

    /** Returns the status of the readiness probe; 0 where nothing answers. */
    async probe(): Promise<number> {
      return fetch(this.url + container.readinessProbe.httpGet.path).then(
        ({ status }) => status,
        () => 0,
      );
    }

    async ready(): Promise<void> {
      const [, url = ''] = await this.child.prints(/^Listening on (\S+)$/m);
      this.url = url.replace('[::1]', 'localhost');
      await eventually(async () => expect(await this.probe(), this.child.output).toBe(200));
    }
  }

  it('finishes its requests, loses none, and exits with code 0 in its time', async () => {
    const transport = getRpcTransport({ transportUrl: rabbitUrl, rpcResponseTimeout: 30 });
    closing.push(() =>
      withChannel(rabbitUrl, async (channel) => {
        for (const queue of ['orders', 'orders.orders']) await channel.deleteQueue(queue);
      }),
    );
    closing.push(() => transport.cleanup());
    const client = getRpcClient(transport, new Target({ topic: 'orders', version: '1.0' }));
    const old = new Pod();
    await old.ready();
    let sent = 0;
    const pack = async (seconds: number) => {
      const id = sent++;
      expect(await client.call({}, 'pack', { id, seconds })).toBe(`packed ${id}`);
    };
    let isOn = true;
    const load = Array.from({ length: 20 }, async () => {
      while (isOn) await pack(0.02);
    });
    // Of the old pod: there is no other yet.
    const slow = pack(3);
    const next = new Pod();
    await next.ready();
    const slower = Array.from({ length: 4 }, () => pack(2));
    // Answered in between, so that the slow ones have begun.
    await pack(0);
    const began = performance.now();
    old.child.signal('SIGTERM');
    await eventually(async () => expect(await old.probe()).not.toBe(200));
    expect(old.ended).toBe(false);
    expect(await old.child.exit(), old.child.output).toBe(0);
    expect(performance.now() - began).toBeLessThan(terminationGracePeriodSeconds * 1000);
    await Promise.all([slow, ...slower]);
    isOn = false;
    await Promise.all(load);
    expect(sent).toBeGreaterThan(100);
    expect(await next.probe()).toBe(200);
    next.child.signal('SIGTERM');
    expect(await next.child.exit(), next.child.output).toBe(0);
    // A pod is not ready for a moment while it connects to publish its first reply, and terminus logs that.
    const lines = [old, next].flatMap(({ child }) => child.output.split('\n'));
    expect(lines.filter((line) => /ERROR|WARN/.test(line) && !line.includes('Health Check has failed'))).toEqual([]);
  });
});
