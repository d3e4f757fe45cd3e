import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { exchangeExists, queueDepth, queueExists } from '../../testkit/amqp.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonError, PythonPeer } from '../support/python-peer.js';

// Python on both sides: the instrument itself, before it measures anything.
describeWithPython('PythonPeer', () => {
  let peer: PythonPeer;
  const topic = uniqueTopic();

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, {
      allowedExmods: ['tacker.common.exceptions'],
      rpcPing: true,
      defaults: { rpc_response_timeout: 20 },
    });
    await peer.startServer({ topic, server: 'host1' });
  });
  afterAll(() => peer?.stop());
  beforeEach(() => peer.forget());

  function failure(request: Promise<unknown>): Promise<PythonError> {
    return request.then(
      (result) => expect.fail(`resolved with ${String(result)}`),
      (error: unknown) => {
        expect(error).toBeInstanceOf(PythonError);
        return error as PythonError;
      },
    );
  }

  it('calls and receives results of every type', async () => {
    const args = { text: 'ä', list: [1, null, { deep: true }], number: 1.5 };
    expect(await peer.call({ topic, method: 'echo', args })).toEqual(args);
    expect(await peer.call({ topic, method: 'add', args: { a: 2, b: 3 }, version: '1.2' })).toBe(5);
    expect(await peer.call({ topic, method: 'nothing' })).toBeNull();
    expect(await peer.call({ topic, method: 'big_int' })).toBe(2n ** 60n);
    expect(await peer.call({ topic, method: 'nan' })).toBeNaN();
    expect(await peer.call({ topic, method: 'echo', args: { big: 2n ** 70n, inf: -Infinity } })).toEqual({
      big: 2n ** 70n,
      inf: -Infinity,
    });
    expect(await peer.call({ topic, method: 'types', args: { a: 1, b: 1.5, c: null, d: 2n ** 60n } })).toEqual({
      a: 'int',
      b: 'float',
      c: 'NoneType',
      d: 'int',
    });
  });

  it('finds an endpoint by namespace and version', async () => {
    expect(await peer.call({ topic, method: 'where', namespace: 'ns', version: '2.1' })).toBe('ns 2.3');
    expect(await peer.call({ topic, method: 'where', namespace: 'older', version: '1.0' })).toBe('current 1.1');
    const error = await failure(peer.call({ topic, method: 'where', namespace: 'ns', version: '2.4' }));
    expect(error).toMatchObject({ pythonClass: 'RemoteError', excType: 'UnsupportedVersion' });
  });

  it('reaches a server by name, and answers a ping', async () => {
    expect(await peer.call({ topic, method: 'whoami', server: 'host1' })).toBe('host1');
    expect(await peer.call({ topic, method: 'oslo_rpc_server_ping' })).toBe('pong');
  });

  it('passes the request context on', async () => {
    const context = { user_id: 'u1', roles: ['admin'], is_admin: true };
    expect(await peer.call({ topic, method: 'context', context })).toMatchObject(context);
  });

  it('reports the exceptions of Python', async () => {
    // A builtin class cannot be replaced on the instance, so Python puts the remote text into the first argument.
    const builtin = await failure(peer.call({ topic, method: 'fail', args: { kind: 'ValueError', message: 'bad' } }));
    expect(builtin).toMatchObject({ pythonClass: 'ValueError', pythonModule: 'builtins' });
    expect(builtin.args[0]).toMatch(/^bad\n[\s\S]*Traceback/);

    const ours = await failure(
      peer.call({ topic, method: 'fail_expected', args: { kind: 'VnfNotFound', message: 'v1' } }),
    );
    expect(ours).toMatchObject({
      pythonClass: 'VnfNotFound_Remote',
      pythonModule: 'tacker.common.exceptions_Remote',
      args: ['v1'],
    });
    expect(ours.text).toMatch(/^v1\n[\s\S]*Traceback/);

    const missing = await failure(peer.call({ topic, method: 'no_such' }));
    expect(missing).toMatchObject({ pythonClass: 'RemoteError', excType: 'NoSuchMethod' });
    expect(missing.value).toContain('no_such');
    expect(missing.traceback?.length).toBeGreaterThan(0);

    const capped = await failure(peer.call({ topic, method: 'whoami', version: '1.4', versionCap: '1.2' }));
    expect(capped.pythonClass).toBe('RPCVersionCapError');
  });

  it('times out, and reports a missing server', async () => {
    const slow = await failure(peer.call({ topic, method: 'slow', args: { seconds: 2 }, timeout: 1 }));
    expect(slow.pythonClass).toBe('MessagingTimeout');
    const nobody = uniqueTopic('nobody');
    const lost = await failure(
      peer.call({ topic: nobody, method: 'echo', timeout: 2, transportOptions: { atLeastOnce: true } }),
    );
    expect(lost.pythonClass).toBe('MessageUndeliverable');
  });

  it('keeps a monitored call alive beyond its monitor timeout', async () => {
    const request = { topic, method: 'slow', args: { seconds: 4 }, timeout: 10, callMonitorTimeout: 2 };
    expect(await peer.call(request)).toBe(4);
  });

  it('runs calls concurrently', async () => {
    const begin = performance.now();
    const calls = Array.from({ length: 8 }, () => peer.call({ topic, method: 'slow', args: { seconds: 1 } }));
    expect(await Promise.all(calls)).toEqual(Array(8).fill(1));
    expect(performance.now() - begin).toBeLessThan(7000);
  });

  it('records casts and fanouts', async () => {
    const own = uniqueTopic();
    const servers = [
      await peer.startServer({ topic: own, server: 'a' }),
      await peer.startServer({ topic: own, server: 'b' }),
    ];
    expect(await queueExists(rabbitUrl, `${own}.a`)).toBe(true);
    expect(await exchangeExists(rabbitUrl, `${own}_fanout`)).toBe(true);
    await peer.cast({ topic: own, method: 'record', args: { x: 1 }, server: 'a', version: '1.1', context: { k: 'v' } });
    await peer.cast({ topic: own, method: 'record', args: { x: 2 }, fanout: true });
    await eventually(async () => {
      const records = await peer.receivedRpcs('record');
      expect(records.map(({ server, args }) => `${server}${String(args.x)}`).sort()).toEqual(['a1', 'a2', 'b2']);
      // Two servers, two threads: who is first is open.
      const toA = records.find(({ args }) => args.x === 1);
      expect(toA).toMatchObject({ kind: 'rpc', version: '1.1', namespace: null, msgId: null, ctxt: { k: 'v' } });
    });
    await Promise.all(servers.map((server) => server.stop()));
    await eventually(async () => expect((await queueDepth(rabbitUrl, own))?.consumers).toBe(0));
  });

  it('notifies and listens', async () => {
    const events = uniqueTopic('events');
    const listener = await peer.listenNotifications({ topics: [events], priorities: ['info', 'error'], requeue: 1 });
    const notification = { topic: events, publisherId: 'nfv.host1', eventType: 'vnf.create', payload: { id: 7 } };
    await peer.notify({ ...notification, context: { user_id: 'u1' } });
    await eventually(async () => expect(await peer.receivedNotifications('vnf.create')).toHaveLength(2));
    await peer.notify({ ...notification, priority: 'error', driver: 'messaging' });
    await eventually(async () => {
      const records = await peer.receivedNotifications('vnf.create');
      // The first of them was requeued.
      expect(records.map((record) => record.priority)).toEqual(['info', 'info', 'error']);
    });
    const [first] = await peer.receivedNotifications();
    expect(first).toMatchObject({ kind: 'notification', publisherId: 'nfv.host1', payload: { id: 7 } });
    expect(first?.metadata).toHaveProperty('message_id');
    await listener.stop();
  });

  it('reports the output of a process that died', async () => {
    const killed = await PythonPeer.start(rabbitUrl, { logLevel: 'INFO' });
    const pending = killed.call({ topic, method: 'slow', args: { seconds: 20 } });
    pending.catch(() => undefined);
    await killed.kill();
    await expect(pending).rejects.toThrow(/exited with SIGKILL/);
    await expect(killed.call({ topic, method: 'whoami' })).rejects.toThrow(/is gone/);
  });

  it('refuses an option that the driver does not know', async () => {
    await expect(PythonPeer.start(rabbitUrl, { config: { no_such_option: 1 } })).rejects.toThrow('NoSuchOptError');
  });
});
