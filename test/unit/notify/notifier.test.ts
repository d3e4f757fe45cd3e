import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import promises, { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Announcement,
  ClientSendError,
  ConfigurationError,
  getNotificationListener,
  getNotificationTransport,
  MessageDeliveryFailure,
  type NotificationDriver,
  Notifier,
  type NotifierOptions,
  type OsloMessagingOptions,
  RequestContext,
  type RoutingConfig,
  recordedNotifications,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../testkit/free-port.js';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';

const log = new LogRecorder();
const open: (() => Promise<unknown>)[] = [];

function connect(options: OsloMessagingOptions = {}): Transport {
  const transport = getNotificationTransport({ transportUrl: 'memory://', logger: log, ...options });
  open.push(() => transport.cleanup());
  return transport;
}

/** A notifier that remembers, and what it remembers. */
function recording(options: NotifierOptions = {}, transport = connect()) {
  const notifier = new Notifier(transport, { driver: 'test', ...options });
  return { notifier, recorded: recordedNotifications(transport) };
}

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  log.clear();
});

describe('a notifier', () => {
  it('records its notifications for tests', async () => {
    const transport = connect({ notificationDriver: 'test', notificationTopics: ['a', 'b'] });
    const { notifier, recorded } = recording({ driver: undefined, publisherId: 'nfv.host1', retry: 3 }, transport);
    await notifier.warning({ user_id: 'u1' }, 'vnf.slow', { id: 1 });
    await notifier.prepare({ publisherId: 'nfv.host2', retry: 0 }).audit({}, 'vnf.exists', undefined);
    expect(recorded).toEqual([
      expect.objectContaining({
        publisherId: 'nfv.host1',
        eventType: 'vnf.slow',
        priority: 'warn',
        payload: { id: 1 },
        context: { user_id: 'u1' },
        topics: ['a', 'b'],
        retry: 3,
      }),
      expect.objectContaining({ publisherId: 'nfv.host2', eventType: 'vnf.exists', priority: 'audit', retry: 0 }),
    ]);
    recorded.length = 0;
    await notifier.info({}, 'vnf.create', 2);
    expect(recordedNotifications(transport)).toHaveLength(1);
    expect(recordedNotifications(connect())).toEqual([]);
  });

  it('writes to the log by priority, without secrets', async () => {
    const notifier = new Notifier(connect(), { driver: 'log', publisherId: 'nfv.host1' });
    const payload = {
      user: { admin_password: 'hidden', tokens: ['hidden'], auth_token: null },
      list: [{ adminPass: 'hidden' }],
    };
    await notifier.info({ auth_token: 'hidden' }, 'vnf.create', payload);
    await notifier.debug({}, 'vnf.poll', 2n ** 60n);
    await notifier.warn({}, 'vnf\nslow', 'a\u2028b');
    await notifier.critical({}, 'vnf.lost', null);
    const [create] = log.messages(/^oslo\.messaging\.notification\.vnf\.create: /, 'log');
    expect(JSON.parse(create?.slice(create.indexOf('{')) ?? '')).toMatchObject({
      publisher_id: 'nfv.host1',
      event_type: 'vnf.create',
      priority: 'INFO',
      payload: { user: { admin_password: '***', tokens: '***', auth_token: null }, list: [{ adminPass: '***' }] },
    });
    expect(log.messages(/hidden/)).toEqual([]);
    expect(log.messages(/"payload":1152921504606846976/, 'debug')).toHaveLength(1);
    expect(log.messages(/vnf slow.*a b/, 'warn')).toHaveLength(1);
    expect(log.messages(/vnf\.lost/, 'error')).toHaveLength(1);
  });

  it('sends by several drivers', async () => {
    const topic = uniqueTopic('events');
    const transport = connect({ notificationDriver: ['messaging', 'messagingv2', 'log', 'test', 'noop'] });
    const { notifier, recorded } = recording({ driver: undefined, topics: [topic] }, transport);
    const got: unknown[] = [];
    const endpoint = { info: (_ctxt: unknown, _publisherId: string, type: string) => void got.push(type) };
    const listener = getNotificationListener(transport, [new Target({ topic })], [endpoint]);
    await listener.start();
    await notifier.info({}, 'vnf.create', 1);
    await eventually(() => expect(got).toEqual(['vnf.create', 'vnf.create']));
    expect(recorded).toHaveLength(1);
    expect(log.messages(/vnf\.create/, 'log')).toHaveLength(1);
    await listener.stop();
  });

  it('sends by a driver object, alone and beside others', async () => {
    const sent: Announcement[] = [];
    const own = { notify: async (announcement: Announcement) => void sent.push(announcement) };
    const transport = connect({ notificationDriver: own, notificationTopics: ['a'] });
    await new Notifier(transport, { publisherId: 'p' }).info({}, 'vnf.create', 1);
    const { notifier, recorded } = recording({ driver: ['test', own], topics: ['b'] }, transport);
    await notifier.warn({}, 'vnf.lost', 2);
    expect(sent).toMatchObject([
      { topics: ['a'], notification: { publisherId: 'p', eventType: 'vnf.create', priority: 'info', payload: 1 } },
      { topics: ['b'], notification: { eventType: 'vnf.lost', priority: 'warn', payload: 2 } },
    ]);
    expect(recorded).toHaveLength(1);
    expect(notifier.isEnabled()).toBe(true);
  });

  it('rejects with the error of a driver object', async () => {
    const own = { notify: () => Promise.reject(new Error('no ink')) };
    await expect(new Notifier(connect(), { driver: own }).info({}, 'vnf.create', 1)).rejects.toThrow('no ink');
  });

  it('sends by all drivers although a driver object throws', async () => {
    const throwing = {
      notify: (): Promise<void> => {
        throw new Error('broken');
      },
    };
    const rejecting = { notify: () => Promise.reject(new Error('refused')) };
    const { notifier, recorded } = recording({ driver: [rejecting, throwing, 'test'] });
    await expect(notifier.info({}, 'event', {})).rejects.toThrow('refused');
    expect(recorded).toHaveLength(1);
  });

  it('reports if it is enabled', () => {
    const enabled = (driver: NotificationDriver | NotificationDriver[]) =>
      new Notifier(connect(), { driver }).isEnabled();
    expect([enabled('noop'), enabled([]), enabled('log'), enabled(['noop', 'messaging'])]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('sends the user without tokens, unless they are enabled', async () => {
    const context = { user_id: 'u1', roles: ['admin'], is_admin: true, auth_token: 't', tenant: 'p', custom: 1 };
    const { notifier, recorded } = recording();
    await notifier.info(context, 'a', 1);
    await notifier.info(RequestContext.fromDict(context), 'b', 1);
    expect(recorded.map((one) => one.context)).toEqual(
      Array(2).fill({ user_id: 'u1', roles: ['admin'], is_admin: true }),
    );
    const whole = recording({ context: 'whole' });
    await whole.notifier.info(context, 'a', 1);
    const byOption = recording({}, connect({ notificationContext: 'whole' }));
    await byOption.notifier.info(RequestContext.fromDict(context), 'a', 1);
    expect([whole.recorded[0]?.context, byOption.recorded[0]?.context]).toEqual([context, context]);
  });

  it('accepts a missing context and payload', async () => {
    const topic = uniqueTopic('events');
    const transport = connect();
    const got: unknown[] = [];
    const endpoint = { info: (...args: unknown[]) => void got.push(args) };
    const listener = getNotificationListener(transport, [new Target({ topic })], [endpoint]);
    await listener.start();
    await new Notifier(transport, { topics: [topic] }).info(undefined, 'vnf.create', undefined);
    await eventually(() => expect(got).toEqual([[{}, null, 'vnf.create', null, expect.anything()]]));
    await listener.stop();
  });

  it('rejects a payload that is not JSON or too large', async () => {
    const notifier = new Notifier(connect({ limits: { bodyBytes: 1000 } }));
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    await expect(notifier.info({}, 'vnf.create', circle)).rejects.toThrow(ClientSendError);
    await expect(notifier.info({}, 'vnf.create', 'x'.repeat(1000))).rejects.toThrow(ClientSendError);
  });

  it.each([
    [{ driver: 'carrier-pigeon' }, /^Notifier option "driver": expected one of messaging, .*"carrier-pigeon"/],
    [{ driver: 'routing' }, /needs rules/],
    [{ retry: -2 }, /retry: expected/],
    [{ timeout: 'soon' }, /timeout/],
  ] as [object, RegExp][])('refuses %j', (options, message) => {
    expect(() => new Notifier(connect(), options as NotifierOptions)).toThrow(message);
    expect(() => new Notifier(connect(), options as NotifierOptions)).toThrow(ConfigurationError);
  });

  it.each([
    [
      { notificationDriver: 'pigeon' },
      /notificationDriver": expected one of messaging, .*, or an array of such; got "pigeon"/,
    ],
    [{ notificationDriver: ['log', 7] }, /notificationDriver/],
    [{ notificationRouting: 7 }, /notificationRouting": expected a path, or an object/],
    [{ notificationContext: 'none' }, /notificationContext": expected one of safe, whole/],
  ] as [object, RegExp][])('is refused the option %j', (options, message) => {
    expect(() => connect(options as OsloMessagingOptions)).toThrow(message);
  });
});

describe('a notifier without a broker', () => {
  it('gives up after its retries', async () => {
    const transportUrl = `rabbit://guest:guest@127.0.0.1:${await freePort()}/`;
    const transport = connect({ transportUrl, rpcResponseTimeout: 20, rabbit: { rabbitRetryInterval: 0.05 } });
    const notifier = new Notifier(transport, { topics: ['a', 'b'] });
    const begin = performance.now();
    await expect(notifier.prepare({ retry: 0 }).info({}, 'vnf.create', 1)).rejects.toThrow(
      /Could not send the notification "vnf\.create" to "a\.info": .*no retries are left/,
    );
    await expect(notifier.prepare({ retry: 2 }).info({}, 'vnf.create', 1)).rejects.toThrow(MessageDeliveryFailure);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it.each([undefined, -1, 5])('ends at its deadline with a silent broker, with retry %s', async (retry) => {
    const port = await freePort();
    const silent = createServer((socket) => socket.resume()).listen(port, '127.0.0.1');
    await once(silent, 'listening');
    open.push(() => new Promise((resolve) => silent.close(resolve)));
    const transportUrl = `rabbit://guest:guest@127.0.0.1:${port}/`;
    const transport = connect({ transportUrl, rpcResponseTimeout: 20, rabbit: { connectTimeout: '1s' } });
    const begin = performance.now();
    await expect(new Notifier(transport, { retry, timeout: '300ms' }).info({}, 'vnf.create', 1)).rejects.toThrow(
      MessageDeliveryFailure,
    );
    expect(performance.now() - begin).toBeLessThan(4000);
  });
});

describe('the driver routing', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'routing-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function routed(routing: string | RoutingConfig, events: [NotifierMethod, string][]): Promise<string[]> {
    const { notifier, recorded } = recording({ driver: 'routing', routing });
    for (const [priority, eventType] of events) await notifier[priority]({}, eventType, 1);
    return recorded.map(({ eventType }) => String(eventType));
  }
  type NotifierMethod = 'info' | 'error' | 'audit';

  it('sends by event type and priority', async () => {
    const events: [NotifierMethod, string][] = [
      ['info', 'vnf.create'],
      ['error', 'vnf.create.fail'],
      ['audit', 'vnf.exists'],
      ['info', 'host.up'],
    ];
    const to = (rules: RoutingConfig[string]['test']) => routed({ group: { test: rules } }, events);
    expect(await to({})).toEqual(['vnf.create', 'vnf.create.fail', 'vnf.exists', 'host.up']);
    expect(await to(null)).toHaveLength(4);
    expect(await to({ acceptedEvents: ['vnf.*'] })).toEqual(['vnf.create', 'vnf.create.fail', 'vnf.exists']);
    expect(await to({ acceptedEvents: ['vnf.*'], rejectedEvents: ['*.fail', '*.exist?'] })).toEqual(['vnf.create']);
    expect(await to({ acceptedPriorities: ['ERR*', 'audit'] })).toEqual(['vnf.create.fail', 'vnf.exists']);
    expect(await to({ acceptedEvents: ['[!v]*'] })).toEqual(['host.up']);
    expect(await to({ acceptedEvents: ['[gh]ost.up', 'VNF.*', 'vnf'] })).toEqual(['host.up']);
    expect(await to({ acceptedEvents: [] })).toEqual([]);
  });

  it('sends once to a driver that several groups name', async () => {
    const all = { test: { acceptedEvents: ['*'] }, log: { acceptedPriorities: ['error'] } };
    expect(
      await routed({ one: all, two: all }, [
        ['info', 'a'],
        ['error', 'b'],
      ]),
    ).toEqual(['a', 'b']);
    expect(log.messages(/notification\.b/)).toHaveLength(1);
    expect(log.messages(/notification\.a/)).toEqual([]);
  });

  it('reads a file in the format of oslo, and again when it has changed', async () => {
    const path = join(folder, 'routing.yaml');
    await writeFile(path, 'group_1:\n  test:\n    accepted_events:\n      - vnf.*\n    accepted_priorities: [info]\n');
    const { notifier, recorded } = recording({ driver: 'routing' }, connect({ notificationRouting: path }));
    await notifier.info({}, 'vnf.create', 1);
    await notifier.error({}, 'vnf.create', 2);
    await notifier.info({}, 'host.up', 3);
    expect(recorded.map(({ payload }) => payload)).toEqual([1]);
    await writeFile(path, '{"group": {"test": {"accepted_events": ["host.*"]}}}');
    await eventually(async () => {
      await notifier.info({}, 'host.up', 4);
      expect(recorded.at(-1)?.payload).toBe(4);
    });
    await notifier.info({}, 'vnf.create', 5);
    expect(recorded.at(-1)?.payload).toBe(4);
  });

  it('keeps its rules while the file is wrong, and logs that once', async () => {
    const path = join(folder, 'routing.yaml');
    await writeFile(path, 'group: {test: {accepted_events: [vnf.*]}}');
    const { notifier, recorded } = recording({ driver: 'routing', routing: path });
    await notifier.info({}, 'vnf.create', 1);
    await writeFile(path, 'group: {pigeon: {}}');
    await eventually(async () => {
      await notifier.info({}, 'vnf.create', 2);
      expect(log.messages(/is used as it was before: .*no driver "pigeon"/, 'error')).toHaveLength(1);
    });
    expect(recorded.at(-1)?.payload).toBe(2);
  });

  it('fails at the deadline while the file of rules cannot be read', async () => {
    const path = join(folder, 'routing.yaml');
    await writeFile(path, 'group: { test: {} }');
    const { notifier, recorded } = recording({ driver: 'routing', routing: path, timeout: '50ms' });
    const hanging = vi.spyOn(promises, 'stat').mockReturnValue(new Promise(() => undefined));
    syncBuiltinESMExports();
    try {
      await expect(notifier.info({}, 'x', 1)).rejects.toThrow(/routing\.yaml: reading it took too long/);
    } finally {
      hanging.mockRestore();
      syncBuiltinESMExports();
    }
    expect(recorded).toEqual([]);
  });

  it('keeps its rules while the file cannot be read, and logs that once', async () => {
    const path = join(folder, 'routing.yaml');
    await writeFile(path, 'group: { test: {} }');
    const { notifier, recorded } = recording({ driver: 'routing', routing: path, timeout: '1s' });
    await notifier.info({}, 'x', 1);
    const later = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1500);
    const hanging = vi.spyOn(promises, 'stat').mockReturnValue(new Promise(() => undefined));
    syncBuiltinESMExports();
    try {
      const notified = notifier.info({}, 'x', 2);
      later.mockRestore();
      await notified;
      await notifier.info({}, 'x', 3);
    } finally {
      hanging.mockRestore();
      syncBuiltinESMExports();
    }
    expect(recorded.map(({ payload }) => payload)).toEqual([1, 2, 3]);
    expect(log.messages(/is used as it was before, because reading it took too long/, 'error')).toHaveLength(1);
  });

  it('refuses a pipe as a file of rules', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const { notifier } = recording({ driver: 'routing', routing: path, timeout: '5s' });
    await expect(notifier.info({}, 'x', 1)).rejects.toThrow(/pipe: it is not a regular file/);
  });

  it('refuses wrong rules', async () => {
    const make = (routing: unknown) => () => new Notifier(connect(), { driver: 'routing', routing: routing as never });
    expect(make({ group: { routing: {} } })).toThrow(/group: no driver "routing"/);
    expect(make({ group: { log: { accepted: [] } } })).toThrow(
      /group\.log: "accepted" is unknown; known are accepted_events/,
    );
    expect(make({ group: { log: { acceptedEvents: 'vnf.*' } } })).toThrow(/expected a list of patterns; got "vnf\.\*"/);
    expect(make({ group: [] })).toThrow(/group: expected an object/);
    expect(make(join(folder, 'missing.yaml'))).toThrow(/Cannot read .*missing\.yaml/);
    const path = join(folder, 'wrong.yaml');
    await writeFile(path, 'group: [');
    await expect(make(path)().info({}, 'vnf.create', 1)).rejects.toThrow(/Cannot use .*wrong\.yaml/);
  });
});

it('a notifier refuses a missing event type, and names the expected value', async () => {
  const transport = getNotificationTransport({ transportUrl: 'memory://' });
  const notifier = new Notifier(transport, { publisherId: 'billing' });
  const sent: Promise<unknown> = Reflect.apply(notifier.info, notifier, [{}]);
  await expect(sent).rejects.toThrow(
    'eventType: expected a string; got undefined. The order is info(context, eventType, payload)',
  );
  await transport.cleanup();
});
