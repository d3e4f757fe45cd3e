import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer } from 'node:tls';
import {
  getRpcServer,
  getRpcTransport,
  MessagingTimeout,
  type OsloMessagingOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { RabbitNode } from '../../../testkit/rabbit-node.js';
import { type Certificate, CertificateAuthority } from '../../support/certificates.js';
import { describeWithRabbit } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { latch } from '../../support/latch.js';
import { type RunbookEntry, runbookEntries, Shell } from '../../support/runbook.js';
import { silent } from '../../support/silent.js';

/** Entries whose command only shows where to look: their trouble is not made. */
const LOOKS: readonly string[] = [
  // Only RabbitMQ 4.3 makes it: `npm run test:newest` does.
  '`ServerListenError`, code 541, or `Internal amqp error (541)` in Python',
  'Status `connecting` for minutes',
  'The channel is closed every 30 minutes',
];

/** Exit codes of the commands, by symptom. The trouble of the others is made before the tests, but for alarms. */
const SYMPTOMS: Readonly<Record<string, number>> = {
  'Something is wrong, and nobody knows where': 1,
  'A probe or a monitor reports `FAILED`': 1,
  '`MessageUndeliverable`: no server was ever there': 0,
  '`MessageUndeliverable` although the server runs': 1,
  '`MessagingTimeout`: nobody consumes': 1,
  '`MessagingTimeout`: slow handlers, `inWork` stays at `concurrency`': 1,
  '`MessagingTimeout` under load, the backlog grows': 1,
  '`ServerOverloaded`, log line `Overloaded: calls in "…" have waited`': 1,
  '`MessagingTimeout` from one server': 1,
  '`MessagingTimeout`: the replies are refused': 1,
  '`MessageDeliveryFailure`, `access to topic`': 1,
  '`UnsupportedVersion` or `NoSuchMethod`': 1,
  '`ECONNREFUSED`': 4,
  '`getaddrinfo ENOTFOUND`': 4,
  '`ACCESS_REFUSED` at login': 4,
  '`NOT_ALLOWED`: virtual host': 4,
  'TLS: `unable to verify` or `self-signed certificate`': 4,
  'TLS: `certificate has expired`': 4,
  "TLS: `does not match certificate's altnames`": 4,
  'TLS: `wrong version number`': 4,
  '`closed the connection instead of an AMQP handshake`': 4,
  '`ServerListenError`, `PRECONDITION_FAILED - inequivalent arg`': 1,
  '`ServerListenError`, `ACCESS_REFUSED`': 1,
  '`ServerListenError`, code 541, or `Internal amqp error (541)` in Python': 0,
  'Status `connecting` for minutes': 0,
  'Casts vanish after a while': 1,
  'Casts vanish under load': 1,
  'Requests delivered again are gone, without a dead letter': 1,
  'The channel is closed every 30 minutes': 0,
  'A queue `….dead` has messages': 0,
};

/** Commands that set an alarm, and end it, by symptom. */
const ALARMS: Readonly<Record<string, readonly [command: string, on: string, off: string]>> = {
  '`MessageDeliveryFailure`, `low on memory`, status `blocked`': ['set_vm_memory_high_watermark', '0.0000001', '0.4'],
  '`MessageDeliveryFailure`, `low on disk`': ['set_disk_free_limit', '900000GB', '1MB'],
};

const cleanups: (() => Promise<unknown>)[] = [];

describeWithRabbit('the runbook', () => {
  let node: RabbitNode;
  let shell: Shell;
  let entries: Map<string, RunbookEntry>;
  let places: Readonly<Record<string, string>>;

  beforeAll(async () => {
    entries = await runbookEntries();
    // The commands run again until the broker has reported its counts, by default every 5 s.
    const config = ['collect_statistics_interval = 500'];
    node = await RabbitNode.start({ plugins: ['rabbitmq_management'], config });
    const transportUrl = `${node.url}?rabbit_quorum_queue=true`;
    shell = await Shell.open(node.control.address, transportUrl);
    await makeUsers();
    await makeQueues();
    await forget(await serve('calculator', { transportUrl }, () => 'done'));
    const stopped = await serve('billing', { transportUrl }, () => 'done');
    await stopped.server.stop();
    await hang(await serve('scaler', { transportUrl, concurrency: 1, rpcDiscoveryEnabled: true }, () => held.promise));
    const shedding = { concurrency: 1, loadShedding: true, rpcDiscoveryEnabled: true };
    press(await serve('pressed', { transportUrl, ...shedding }, () => pause(100)));
    places = await makePlaces();
  }, 120_000);
  afterAll(async () => {
    held.resolve();
    for (const cleanup of cleanups.reverse()) await cleanup();
    await shell?.close();
    await node?.stop();
  });

  const held = latch();
  const started = latch();

  async function serve(topic: string, options: OsloMessagingOptions, work: () => unknown) {
    const transport = getRpcTransport({ ...options, logger: silent });
    cleanups.push(() => transport.cleanup());
    const endpoint = {
      add: work,
      wait: () => held.promise,
      work: () => {
        started.resolve();
        return work();
      },
    };
    const server = getRpcServer(transport, new Target({ topic, server: topic === 'calculator' ? 'calc1' : 'one' }), [
      endpoint,
    ]);
    await server.start();
    return { server, client: new RPCClient(transport, new Target({ topic })) };
  }

  async function hang({ client }: Awaited<ReturnType<typeof serve>>): Promise<void> {
    for (let sent = 0; sent < 2; sent++) await client.cast({}, 'work');
    await started.promise;
  }

  /** Calls the only slot more often than it is free, until the end of the tests. */
  function press({ client }: Awaited<ReturnType<typeof serve>>): void {
    const impatient = client.prepare({ timeout: 1 });
    let isOver = false;
    const callers = Array.from({ length: 40 }, async () => {
      while (!isOver) await impatient.call({}, 'work').catch(() => undefined);
    });
    cleanups.push(async () => {
      isOver = true;
      await Promise.all(callers);
    });
  }

  /** Calls a method that takes longer than the timeout. */
  async function forget({ client }: Awaited<ReturnType<typeof serve>>): Promise<void> {
    const late = client.prepare({ server: 'calc1', timeout: 1 }).call({}, 'wait');
    await expect(late).rejects.toThrow(MessagingTimeout);
  }

  async function makeUsers(): Promise<void> {
    const permissions = {
      mute: ['.*', '^(?!amq\\.default).*', '.*'],
      narrow: ['.*', '.*', '.*'],
      reader: ['^none$', '.*', '.*'],
    };
    for (const [user, patterns] of Object.entries(permissions)) {
      await node.rabbitmqctl('add_user', user, user);
      await node.rabbitmqctl('set_permissions', user, ...patterns);
    }
    await node.rabbitmqctl('set_topic_permissions', 'narrow', 'tacker', '^other', '^other');
  }

  async function makeQueues(): Promise<void> {
    const policies = { short: ['^volatile', 'message-ttl', 1000], small: ['^bounded', 'max-length', 5] } as const;
    for (const [name, [pattern, rule, value]] of Object.entries(policies))
      await node.rabbitmqctl('set_policy', name, pattern, JSON.stringify({ [rule]: value }));
    const quorum = { 'x-queue-type': 'quorum' };
    await withChannel(node.url, async (channel) => {
      for (const queue of ['volatile', 'bounded']) await channel.assertQueue(queue, { arguments: quorum });
      await channel.assertQueue('transient', { durable: false });
      await channel.assertQueue('retried', { arguments: { ...quorum, 'x-delivery-limit': 3 } });
      for (const queue of ['idle', 'calculator.dead']) {
        await channel.assertQueue(queue, { durable: true });
        channel.sendToQueue(queue, Buffer.from('{}'));
        await channel.waitForConfirms();
      }
    });
    // A consumer that takes one message, and does not acknowledge it.
    const opened = latch();
    const closed = latch();
    const consuming = withChannel(node.url, async (channel) => {
      await channel.assertQueue('orders', { durable: true });
      await channel.prefetch(1);
      await channel.consume('orders', () => undefined);
      for (let sent = 0; sent < 40; sent++) channel.sendToQueue('orders', Buffer.from('{}'));
      await channel.waitForConfirms();
      opened.resolve();
      await closed.promise;
    });
    cleanups.push(async () => {
      closed.resolve();
      await consuming;
    });
    await opened.promise;
  }

  /** Hosts and files of the commands in the page, and those of this test. The first that matches counts. */
  async function makePlaces(): Promise<Record<string, string>> {
    const authority = await CertificateAuthority.create('runbook');
    cleanups.push(() => authority.remove());
    const valid = await tlsPort(await authority.issue({ name: 'localhost', hosts: ['localhost'] }));
    const expired = await tlsPort(await authority.issue({ name: 'localhost', hosts: ['localhost'], days: -1 }));
    return {
      'http://mq1:15672': node.managementUrl ?? '',
      'localhost:5671': `localhost:${valid}`,
      'localhost:5672': `localhost:${expired}`,
      '127.0.0.1:5671': `127.0.0.1:${valid}`,
      'mq1:5671': `localhost:${valid}`,
      'mq1:5672': `127.0.0.1:${node.port}`,
      'mq1:1/': '127.0.0.1:1/',
      'ssl_ca_file=CA': `ssl_ca_file=${authority.caFile}`,
    };
  }

  /** Speaks TLS, and passes all on to the broker. Resolves with its port. */
  async function tlsPort({ cert, key }: Certificate): Promise<number> {
    const files = { cert: await readFile(cert), key: await readFile(key) };
    const server = createServer(files, (socket) => {
      const broker = connect(node.port, '127.0.0.1');
      for (const end of [socket, broker]) end.on('error', () => undefined);
      socket.pipe(broker).pipe(socket);
    });
    server.on('tlsClientError', () => undefined).listen(0);
    await once(server, 'listening');
    cleanups.push(async () => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** Runs the command of a symptom until it prints the lines of the page, and ends with that code. */
  async function shows(symptom: string, code: number): Promise<void> {
    const { command, lines } = entries.get(symptom) ?? expect.fail(`the runbook has no ${symptom}`);
    const filled = Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), command);
    // The broker reports counts with a delay.
    await eventually(
      async () => {
        const outcome = await shell.run(filled);
        const output = outcome.stdout + outcome.stderr;
        const missing = lines.filter((line) => !line.test(output));
        expect({ symptom, code: outcome.code, missing, output }).toEqual({ symptom, code, missing: [], output });
      },
      { within: 30_000, every: 1000 },
    );
  }

  it('has a test for each symptom, and each test has a symptom', () => {
    expect([...entries.keys()].toSorted()).toEqual([...Object.keys(SYMPTOMS), ...Object.keys(ALARMS)].toSorted());
    expect(entries.size).toBeGreaterThanOrEqual(15);
    const looks = [...entries].filter(([, { cause }]) => cause.includes('The command only shows where to look'));
    expect(looks.map(([symptom]) => symptom)).toEqual(LOOKS);
    for (const { lines } of entries.values()) expect(lines.length).toBeGreaterThan(0);
  });

  it('shows the cause of each symptom', async () => {
    const faults: unknown[] = [];
    const queue = Object.entries(SYMPTOMS);
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift())
        await shows(...next).catch((error: { actual?: unknown }) => faults.push(error.actual ?? error));
    };
    await Promise.all(Array.from({ length: 6 }, work));
    expect(faults).toEqual([]);
  }, 600_000);

  it.each(Object.entries(ALARMS))(
    'shows the cause of %s',
    async (symptom, [command, on, off]) => {
      await node.rabbitmqctl(command, on);
      try {
        await shows(symptom, 1);
      } finally {
        await node.rabbitmqctl(command, off);
      }
    },
    120_000,
  );
});
