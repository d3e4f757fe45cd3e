import { readFile } from 'node:fs/promises';
import type { ConsumeMessage } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedPart } from '../../../conformance/generated-part.js';
import { pythonReference, ReferenceProcess } from '../../../conformance/reference-process.js';
import { startReferenceServer } from '../../../conformance/reference-server.js';
import { tableOfChecks, tableOfThemes } from '../../../conformance/report-tables.js';
import type { Report } from '../../../lib/cli/conformance/report.js';
import { Wire } from '../../../lib/cli/conformance/wire.js';
import { type Outcome, osloRpc } from '../../support/command.js';
import {
  describeWithPython,
  describeWithRabbit,
  describeWithRabbitControl,
  rabbitPort,
  rabbitUrl,
  uniqueTopic,
} from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { AlteredValues, ExclusiveQueues, faultyServers, NeverAcknowledges } from '../../support/faulty-servers.js';
import { type ManagedBroker, managedBroker } from '../../support/managed-broker.js';
import { type Members, RawReferenceServer, startRawServer } from '../../support/raw-reference-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const file = (path: string) => new URL(`../../../${path}`, import.meta.url);

const kit = (topic: string, ...more: string[]): Promise<Outcome> =>
  osloRpc(['conformance', '--url', rabbitUrl, '--topic', topic, ...more]);

async function reportOn(topic: string): Promise<Report> {
  const { code, stdout, stderr } = await kit(topic, '--json', '--timeout', '30s');
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Report;
  expect(report.checks.filter(({ result }) => result === 'failed')).toEqual([]);
  expect(code).toBe(0);
  return report;
}

describeWithPython('the conformance kit on the reference servers', () => {
  const reports: Report[] = [];

  beforeAll(async () => {
    const [python, node, third] = [uniqueTopic(), uniqueTopic(), uniqueTopic()];
    const servers = await Promise.all([
      ReferenceProcess.start(
        pythonReference(file('conformance').pathname, rabbitUrl, ['--topic', python, '--server', 'py1']),
      ),
      startReferenceServer({ url: rabbitUrl, topic: node, server: 'node1' }),
      startRawServer(RawReferenceServer, { url: rabbitUrl, topic: third, server: 's1' }),
    ]);
    try {
      reports.push(...(await Promise.all([python, node, third].map(reportOn))));
    } finally {
      const [process, app, raw] = servers;
      await Promise.all([process.stop(), app.close(), raw.stop()]);
    }
  }, 120_000);

  it('passes the Python library', () => {
    expect(reports[0]).toMatchObject({ failed: 0, skipped: 0, server: 'py1' });
    expect(reports[0]?.implementation).toMatch(/^oslo\.messaging \d+\./);
  });

  it('passes this library, and skips only the features that it declares as missing', () => {
    expect(reports[1]).toMatchObject({ failed: 0, server: 'node1' });
    expect(reports[1]?.implementation).toMatch(/^nestjs-oslo-messaging \d+\./);
    const skipped = reports[1]?.checks.filter(({ result }) => result === 'skipped');
    for (const { detail } of skipped ?? []) expect(detail).toBeTruthy();
  });

  it('passes a third implementation, the base of the faulty servers below', () => {
    expect(reports[2]).toMatchObject({ implementation: 'amqplib alone', failed: 0, skipped: 0, server: 's1' });
  });

  // Not the first line of a table, which names the release that was installed when it was written.
  it.each([
    ['docs/explanation/known-differences.md', tableOfThemes],
    ['docs/reference/conformance.md', tableOfChecks],
  ])('has its current results in %s (npm run conformance -- --write)', async (path, table) => {
    const [, , ...rows] = generatedPart(await readFile(file(path), 'utf8'));
    const withoutPadding = (lines: string[]) => lines.map((line) => line.replace(/\s+/g, ' '));
    expect(withoutPadding(rows)).toEqual(withoutPadding(table(reports.slice(0, 2)).slice(2)));
  });
});

describeWithRabbit('oslo-rpc conformance', () => {
  const topic = uniqueTopic();
  let server: RawReferenceServer;

  beforeAll(async () => {
    server = await startRawServer(RawReferenceServer, { url: rabbitUrl, topic, server: 's1' });
  });

  afterAll(() => server?.stop());

  it('prints a table of checks, results, times and expectations, and the counts', async () => {
    const { code, stdout, stderr } = await kit(topic, '--only', 'cast', 'echo-json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^CHECK +RESULT +TIME +EXPECTED$/);
    expect(lines[1]).toMatch(/^echo-json +passed +\d+ ms {2}each kind of JSON value is returned unchanged$/);
    expect(lines[2]).toMatch(/^cast +passed +\d+ ms {2}/);
    expect(lines.at(-1)).toBe('amqplib alone, server s1: 2 passed, 0 failed, 0 skipped');
  });

  it('exits with 2 for an unknown check', async () => {
    const { code, stdout, stderr } = await kit(topic, '--only', 'echo-jsn');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^UsageError: --only: unknown check "echo-jsn"; known: echo-json, [^\n]*\n$/);
  });

  it('exits with 4 without a server', async () => {
    for (const nobody of [
      ['--server', 's2'],
      ['--topic', uniqueTopic()],
      ['--exchange', uniqueTopic()],
    ]) {
      const { code, stdout, stderr } = await kit(topic, ...nobody);
      expect({ nobody, code, stdout }).toEqual({ nobody, code: 4, stdout: '' });
      expect(stderr).toMatch(/^MessageUndeliverable: [^\n]*\n$/);
    }
  });
});

class Silent extends RawReferenceServer {
  protected override async serve(): Promise<void> {}
}

class WithoutReferenceEndpoints extends RawReferenceServer {
  protected override async invoke(): Promise<unknown> {
    return 'unknown method';
  }
}

/** Supports neither pings nor compression, and declares only pings as missing. */
class MinimalServer extends RawReferenceServer {
  protected override async invoke(method: string, args: Members, request: Members): Promise<unknown> {
    if (method === 'about')
      return { implementation: 'frugal', server: this.server, lacks: { ping: 'not implemented' } };
    return super.invoke(method, args, request);
  }

  protected override decode(message: ConsumeMessage): Members | undefined {
    return message.properties.headers?.['compression'] ? undefined : super.decode(message);
  }
}

/** Deletes its queue in the middle of the run. */
class ExitsOnRequest extends RawReferenceServer {
  protected override count(): null {
    void this.channel.deleteQueue(`${this.topic}.${this.server}`);
    return null;
  }
}

describeWithRabbit('the conformance kit on a faulty server', { concurrent: true }, () => {
  async function withServer<T>(
    ServerClass: typeof RawReferenceServer,
    work: (topic: string) => Promise<T>,
  ): Promise<T> {
    const topic = uniqueTopic();
    const server = await startRawServer(ServerClass, { url: rabbitUrl, topic, server: 's1' });
    try {
      return await work(topic);
    } finally {
      await server.stop();
    }
  }

  it.each(faultyServers.map(({ server, fails }) => [server.name, server, fails] as const))(
    'fails a %s server',
    async (_name, ServerClass, fails) => {
      const { code, stdout, stderr } = await withServer(ServerClass, (topic) =>
        kit(topic, '--server', 's1', '--timeout', '3s', '--json', '--only', ...fails),
      );
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      const { checks, failed } = JSON.parse(stdout) as Report;
      expect(checks.filter(({ result }) => result !== 'failed')).toEqual([]);
      expect(failed).toBe(fails.length);
      for (const { detail } of checks) expect(detail).toBeTruthy();
    },
  );

  const wrongVersions = faultyServers.filter(({ server }) => /^(VersionsAsText|IgnoresRevisions)$/.test(server.name));

  it.each(wrongVersions.map(({ server, fails }) => [server.name, fails.join(' and '), server, fails] as const))(
    'fails a %s server only in %s',
    async (_name, _checks, server, fails) => {
      const versions = [
        'version-compatible',
        'version-unsupported',
        'version-numbers',
        'version-revision',
        'namespace',
      ];
      const { stdout } = await withServer(server, (topic) => kit(topic, '--json', '--only', ...versions));
      const { checks } = JSON.parse(stdout) as Report;
      expect(checks.filter(({ result }) => result === 'failed').map(({ name }) => name)).toEqual(fails);
    },
  );

  it('has a faulty server for every check', async () => {
    const { stdout } = await osloRpc(['conformance', '--help']);
    const [, list = ''] = /^Checks:\n((?: {2}\S.*\n)+)/m.exec(stdout) ?? [];
    const names = list
      .trim()
      .split('\n')
      .map((line) => line.trim().split(' ')[0]);
    expect(names.length).toBeGreaterThan(40);
    expect(faultyServers.flatMap(({ fails }) => fails).sort()).toEqual(names.sort());
  });

  it('shows the actual behaviour in the table', async () => {
    const { code, stdout } = await withServer(AlteredValues, (topic) => kit(topic, '--only', 'null-result'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^null-result +failed .*\n +failed: nothing: expected null, got \{\}$/m);
    expect(stdout).toMatch(/0 passed, 1 failed, 0 skipped\n$/);
  });

  it('skips a check, with the reason, only if the server declares the feature as missing', async () => {
    const { code, stdout } = await withServer(MinimalServer, (topic) =>
      kit(topic, '--timeout', '5s', '--json', '--only', 'ping', 'compressed'),
    );
    const { checks, ...counts } = JSON.parse(stdout) as Report;
    expect(checks).toMatchObject([
      { name: 'ping', result: 'skipped', detail: 'not implemented' },
      { name: 'compressed', result: 'failed' },
    ]);
    expect({ code, ...counts }).toMatchObject({ code: 1, passed: 0, failed: 1, skipped: 1 });
  });

  it('exits with 3 when the server does not answer at all', async () => {
    const { code, stdout, stderr } = await withServer(Silent, (topic) => kit(topic, '--timeout', '3500ms'));
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^MessagingTimeout: No reply to about within 3500 ms\n$/);
  });

  it('exits with 1 and names the documentation without the reference endpoints', async () => {
    const { code, stdout, stderr } = await withServer(WithoutReferenceEndpoints, (topic) => kit(topic));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^CheckFailure: The server does not expose the reference endpoints \(docs\/reference\/conformance\.md\)/,
    );
  });

  it('fails a check of a queue that it may not inspect, and continues', async () => {
    const { code, stdout, stderr } = await withServer(ExclusiveQueues, (topic) =>
      kit(topic, '--timeout', '6s', '--json', '--only', 'queues', 'cast', 'unreadable-body', 'reply-members'),
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const { checks } = JSON.parse(stdout) as Report;
    expect(checks.map(({ name, result }) => `${name} ${result}`)).toEqual([
      'queues failed',
      'cast passed',
      'unreadable-body failed',
      'reply-members passed',
    ]);
    expect(checks[0]?.detail).toMatch(/the broker refuses access to the queue .*RESOURCE_LOCKED/);
  });

  it('can publish again after the broker has refused a message', async () => {
    const wire = await Wire.open({ transportUrl: rabbitUrl, rpcResponseTimeout: 20 });
    try {
      await expect(wire.publish(uniqueTopic('nowhere'), 'x', '{}')).rejects.toThrow(/^the broker refuses .*NOT_FOUND/);
      expect(await wire.publish('', uniqueTopic('nobody'), '{}')).toBe(false);
    } finally {
      await wire.close();
    }
  });

  it('continues with the next check when a server exits', async () => {
    const { code, stdout } = await withServer(ExitsOnRequest, (topic) =>
      kit(topic, '--timeout', '5s', '--json', '--only', 'cast', 'reply-members'),
    );
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Report).checks.map(({ result }) => result)).toEqual(['failed', 'failed']);
  });
});

describeWithRabbitControl('the conformance kit with the management API', () => {
  /** Without a prefetch, only the count of the broker shows that it acknowledges no request. */
  class WithoutPrefetch extends NeverAcknowledges {
    protected override readonly prefetch = 0;
  }
  let broker: ManagedBroker;

  beforeAll(async () => {
    broker = await managedBroker();
  });

  afterAll(() => broker?.stop());

  it.each([
    ['finds the messages that a server leaves unacknowledged', WithoutPrefetch, 1],
    ['passes a server that acknowledges all messages', RawReferenceServer, 0],
  ] as const)('%s', async (_title, ServerClass, code) => {
    const topic = uniqueTopic();
    const server = await startRawServer(ServerClass, { url: broker.url, topic, server: 's1' });
    const more = ['--management-url', broker.managementUrl, '--only', 'acknowledged', '--json'];
    try {
      const outcome = await osloRpc(['conformance', '--url', broker.url, '--topic', topic, ...more]);
      expect(outcome).toMatchObject({ code, stderr: '' });
      const [check] = (JSON.parse(outcome.stdout) as Report).checks;
      if (code !== 0) expect(check?.detail).toMatch(/^the queue ".*\.s1" has \d+ unacknowledged messages$/);
    } finally {
      await server.stop();
    }
  });
});

describeWithRabbit('the conformance kit and a broker that stops', () => {
  it('exits with 4', async () => {
    const topic = uniqueTopic();
    const server = await startRawServer(RawReferenceServer, { url: rabbitUrl, topic, server: 's1' });
    const proxy = await TcpProxy.start(rabbitPort);
    try {
      const checks = ['--timeout', '5s', '--only', 'no-heartbeats', 'heartbeats'];
      const run = osloRpc(['conformance', '--url', proxy.url, '--topic', topic, ...checks]);
      await eventually(() => expect(server.executed).toContain('slow'));
      await proxy.refuse();
      proxy.cut();
      const { code, stderr } = await run;
      expect(code).toBe(4);
      expect(stderr).toMatch(/^MessageDeliveryFailure: [^\n]*\n$/);
    } finally {
      await proxy.close();
      await server.stop();
    }
  });
});

describe('the conformance kit and an unreachable broker', () => {
  it('exits with 4', async () => {
    const args = ['conformance', '--url', 'rabbit://me:s3cret@127.0.0.1:1/', '--topic', 't'];
    const { code, stdout, stderr } = await osloRpc(args);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/^MessageDeliveryFailure: [^\n]*ECONNREFUSED[^\n]*\n$/);
    expect(stderr).not.toContain('s3cret');
  });
});
