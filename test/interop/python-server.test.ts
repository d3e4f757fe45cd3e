import {
  BackingOffClient,
  getNotificationTransport,
  getRpcTransport,
  MessageUndeliverable,
  MessagingTimeout,
  Notifier,
  RemoteError,
  RemoteException,
  RequestContext,
  RequestContextSerializer,
  RPCVersionCapError,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { Stopwatch } from '../support/stopwatch.js';

type Fields = ConstructorParameters<typeof Target>[0];

@RemoteException({ module: 'tacker.common.exceptions' })
class VnfNotFound extends Error {}

@RemoteException({ module: 'tacker.common.exceptions', class: 'VnfInUse' })
class InUse extends Error {}

@RemoteException({ module: 'tacker.common.exceptions' })
class VnfKeyword extends Error {
  readonly given: unknown[];

  constructor(...given: unknown[]) {
    super('made here');
    this.given = given;
  }
}

describeWithPython('our client of a Python server', () => {
  const topic = uniqueTopic();
  let peer: PythonPeer;
  let transport: Transport;
  let client: BackingOffClient;
  const ctxt = new RequestContext();

  const clientOf = (fields: Fields = {}, options: { callMonitorTimeout?: number; timeout?: number } = {}) =>
    new BackingOffClient(transport, new Target({ topic, version: '1.0', ...fields }), {
      serializer: new RequestContextSerializer(),
      ...options,
    });

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, { rpcPing: true });
    await peer.startServer({ topic, server: 'host1' });
    transport = getRpcTransport({
      transportUrl: rabbitUrl,
      rpcResponseTimeout: 15,
      allowedRemoteExmods: ['tacker.common.exceptions'],
    });
    client = clientOf();
  });
  afterAll(async () => {
    await transport?.cleanup();
    await peer?.stop();
  });
  beforeEach(() => peer.forget());

  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      (result) => expect.fail(`resolved with ${String(result)}`),
      (error: unknown) => error,
    );

  it('receives the values that it sent', async () => {
    const args = {
      text: 'ä€ 😀 \u2028 "quoted" \\',
      list: [1, null, { deep: true }],
      number: 1.5,
      fraction: 0.1 + 0.2,
      none: null,
    };
    expect(await client.call(ctxt, 'echo', args)).toEqual(args);
    expect(await client.call(ctxt, 'echo', { left: undefined, x: 1 })).toEqual({ x: 1 });
    expect(await client.call(ctxt, 'add', { a: 2, b: 3 })).toBe(5);
    expect(await client.call(ctxt, 'nothing')).toBeNull();
  });

  it('ignores that a call can be given up: it goes on, and its late reply is counted', async () => {
    const controller = new AbortController();
    const { length } = peer.stderr;
    const cancellable = client.prepare({ signal: controller.signal });
    expect(await cancellable.call(ctxt, 'add', { a: 2, b: 3 })).toBe(5);
    const late = transport.counts.lateReplies;
    const call = cancellable.call(ctxt, 'slow', { seconds: 0.2 }).catch((error: unknown) => error);
    controller.abort(new Error('enough'));
    expect(await call).toMatchObject({ message: 'enough' });
    await eventually(() => expect(transport.counts.lateReplies).toBe(late + 1));
    expect(await client.call(ctxt, 'add', { a: 2, b: 3 })).toBe(5);
    expect(peer.stderr.slice(length)).not.toMatch(/ERROR|WARN|Traceback/);
  });

  it('sends and gets integers of any size', async () => {
    expect(await client.call(ctxt, 'big_int')).toBe(2n ** 60n);
    expect(await client.call(ctxt, 'add', { a: 2n ** 70n, b: 1 })).toBe(2n ** 70n + 1n);
    expect(await client.call(ctxt, 'types', { big: 2n ** 60n, small: 1, part: 1.5, none: null })).toEqual({
      big: 'int',
      small: 'int',
      part: 'float',
      none: 'NoneType',
    });
  });

  it('settles a call with the result NaN', async () => {
    const result: unknown = await client
      .prepare({ timeout: 5 })
      .call(ctxt, 'nan')
      .catch((error: unknown) => error);
    expect(result).not.toBeInstanceOf(MessagingTimeout);
    if (!(result instanceof Error)) expect(result).toBeNaN();
    expect(await client.call(ctxt, 'whoami')).toBe('host1');
  });

  it('passes the request context on', async () => {
    const dict = { user_id: 'u1', project_id: 'p1', roles: ['admin'], is_admin: true, own_key: { kept: [1] } };
    const context = RequestContext.fromDict(dict);
    expect(await client.call(context, 'context')).toMatchObject(dict);
    const [request] = await peer.receivedRpcs('context');
    expect(request).toMatchObject({ version: '1.0', namespace: null, clientTimeout: null });
    expect(request?.ctxt).toMatchObject(dict);
    expect(request?.replyQueue).toMatch(/^reply_[0-9a-f]{32}$/);
    expect(request?.msgId).toMatch(/^[0-9a-f]{32}$/);
    expect(request?.uniqueId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('finds namespaces and versions', async () => {
    expect(await client.prepare({ namespace: 'ns', version: '2.1' }).call(ctxt, 'where')).toBe('ns 2.3');
    expect(await client.prepare({ namespace: 'older', version: '1.0' }).call(ctxt, 'where')).toBe('current 1.1');
    const error = await failure(client.prepare({ namespace: 'ns', version: '2.4' }).call(ctxt, 'where'));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ excType: 'UnsupportedVersion' });
  });

  it('receives an error for missing methods', async () => {
    for (const method of ['no_such', '_private']) {
      const error = await failure(client.call(ctxt, method));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({ excType: 'NoSuchMethod', value: expect.stringContaining(method) });
    }
  });

  it('receives an error for wrong arguments', async () => {
    const error = await failure(client.call(ctxt, 'add', { a: 1 }));
    expect(error).toMatchObject({ excType: 'TypeError', value: expect.stringContaining('b') });
  });

  it('respects its version cap', async () => {
    const capped = client.prepare({ versionCap: '1.2', version: '1.4' });
    expect(await failure(capped.call(ctxt, 'record'))).toBeInstanceOf(RPCVersionCapError);
    expect(await peer.receivedRpcs('record')).toEqual([]);
  });

  it('rebuilds the exceptions of an allowed module', async () => {
    const missing = await failure(client.call(ctxt, 'fail', { kind: 'VnfNotFound', message: 'v1' }));
    expect(missing).toBeInstanceOf(VnfNotFound);
    expect(missing).toMatchObject({ message: 'v1', remote: true });
    expect((missing as { remoteTraceback: string[] }).remoteTraceback.join('')).toContain('Traceback');
    const expected = await failure(client.call(ctxt, 'fail_expected', { kind: 'VnfNotFound', message: 'v2' }));
    expect(expected).toBeInstanceOf(VnfNotFound);
    const inUse = await failure(client.call(ctxt, 'fail_in_use', { vnf_id: 'v1' }));
    expect(inUse).toBeInstanceOf(InUse);
    expect(inUse).toMatchObject({ message: 'VNF v1 is still in use' });
    const keyword = await failure(client.call(ctxt, 'fail_with_args', { args: ['a', 2], kwargs: { k: 1 } }));
    expect(keyword).toBeInstanceOf(VnfKeyword);
    expect(keyword).toMatchObject({ given: ['a', 2], message: "('a', 2)" });
  });

  it('makes a RemoteError of all other exceptions', async () => {
    const error = await failure(client.call(ctxt, 'fail', { kind: 'ValueError', message: 'bad ä' }));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ excType: 'ValueError', value: 'bad ä' });
    expect((error as RemoteError).traceback.join('')).toContain('Traceback');
    const strict = getRpcTransport({ transportUrl: rabbitUrl, allowedRemoteExmods: [] });
    const other = new BackingOffClient(strict, new Target({ topic }), { timeout: 10 });
    const refused = await failure(other.call({}, 'fail', { kind: 'VnfNotFound', message: 'v1' }));
    expect(refused).toMatchObject({ excType: 'VnfNotFound', value: 'v1' });
    expect(refused).toBeInstanceOf(RemoteError);
    await strict.cleanup();
  });

  it('casts, and fans out', async () => {
    const own = uniqueTopic();
    const servers = [
      await peer.startServer({ topic: own, server: 'a' }),
      await peer.startServer({ topic: own, server: 'b' }),
    ];
    const toOwn = clientOf({ topic: own });
    await toOwn.prepare({ server: 'a', version: '1.1' }).cast(ctxt, 'record', { x: 1 });
    await toOwn.prepare({ fanout: true }).cast(ctxt, 'record', { x: 2 });
    await toOwn.prepare({ server: 'b' }).cast(ctxt, 'record', { x: 3 });
    await eventually(async () => {
      const records = await peer.receivedRpcs('record');
      const seen = records.map(({ server, args }) => `${server}${String(args.x)}`).sort();
      expect(seen).toEqual(['a1', 'a2', 'b2', 'b3']);
    });
    const records = await peer.receivedRpcs('record');
    expect(records.find(({ args }) => args.x === 1)).toMatchObject({ version: '1.1', msgId: null, replyQueue: null });
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('reaches a server by name, and pings it', async () => {
    expect(await client.prepare({ server: 'host1' }).call(ctxt, 'whoami')).toBe('host1');
    expect(await client.prepare({ server: 'host1' }).call(ctxt, 'oslo_rpc_server_ping')).toBe('pong');
  });

  it('rejects a call without a server at once', async () => {
    const begin = performance.now();
    expect(await failure(clientOf({ topic: uniqueTopic('nobody') }).call(ctxt, 'whoami'))).toBeInstanceOf(
      MessageUndeliverable,
    );
    expect(await failure(client.prepare({ server: 'nobody' }).call(ctxt, 'whoami'))).toBeInstanceOf(
      MessageUndeliverable,
    );
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('times out, and drops the late reply', async () => {
    const watch = new Stopwatch();
    const late = client.prepare({ timeout: '700ms' }).call(ctxt, 'slow', { seconds: 1.2 });
    expect(await failure(late)).toBeInstanceOf(MessagingTimeout);
    expect(watch.stop()).toBeLessThan(950);
    expect(await client.call(ctxt, 'slow', { seconds: 1 })).toBe(1);
  });

  it('waits beyond its monitor timeout while heartbeats arrive', async () => {
    const monitored = clientOf({}, { timeout: 10, callMonitorTimeout: 2 });
    expect(await monitored.call(ctxt, 'slow', { seconds: 4 })).toBe(4);
    const [request] = await peer.receivedRpcs('slow');
    expect(request).toMatchObject({ clientTimeout: 2 });
    const bounded = monitored.prepare({ timeout: 3 }).call(ctxt, 'slow', { seconds: 5 });
    expect(await failure(bounded)).toBeInstanceOf(MessagingTimeout);
  });

  it('rejects at its monitor timeout when the server has died', async () => {
    const own = uniqueTopic();
    const killed = await PythonPeer.start(rabbitUrl);
    await killed.startServer({ topic: own, server: 'a' });
    const begin = performance.now();
    const call = failure(
      clientOf({ topic: own }, { timeout: 20, callMonitorTimeout: 2 }).call(ctxt, 'slow', { seconds: 15 }),
    );
    await eventually(async () => expect(await killed.receivedRpcs('slow')).toHaveLength(1));
    await killed.kill();
    expect(await call).toBeInstanceOf(MessagingTimeout);
    expect(performance.now() - begin).toBeLessThan(19_000);
  });

  it('calls concurrently', async () => {
    const begin = performance.now();
    const calls = Array.from({ length: 8 }, () => client.call(ctxt, 'slow', { seconds: 1 }));
    expect(await Promise.all(calls)).toEqual(Array(8).fill(1));
    expect(performance.now() - begin).toBeLessThan(7000);
  });

  it('notifies a Python listener, with and without the envelope', async () => {
    const events = uniqueTopic('events');
    const listener = await peer.listenNotifications({ topics: [events] });
    const notifications = getNotificationTransport({ transportUrl: rabbitUrl });
    for (const driver of ['messagingv2', 'messaging'] as const) {
      const notifier = new Notifier(notifications, { publisherId: 'nfv.host1', driver, topics: [events] });
      const context = RequestContext.fromDict({ user_id: 'u1' });
      await notifier.info(context, `${driver}.info`, { id: 2n ** 60n, text: 'ä' });
      await notifier.error(context, `${driver}.error`, { id: 1 });
    }
    await eventually(async () => expect(await peer.receivedNotifications()).toHaveLength(4));
    for (const driver of ['messagingv2', 'messaging']) {
      const [info] = await peer.receivedNotifications(`${driver}.info`);
      expect(info).toMatchObject({
        priority: 'info',
        publisherId: 'nfv.host1',
        payload: { id: 2n ** 60n, text: 'ä' },
        metadata: {
          message_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
        },
      });
      expect(info?.ctxt).toMatchObject({ user_id: 'u1' });
      const [error] = await peer.receivedNotifications(`${driver}.error`);
      expect(error).toMatchObject({ priority: 'error', payload: { id: 1 } });
    }
    await listener.stop();
    await notifications.cleanup();
  });
});
