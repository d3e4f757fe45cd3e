import {
  getCurrentRequest,
  getRpcApiClient,
  getRpcServer,
  getRpcTransport,
  MessageUndeliverable,
  MessagingTimeout,
  RemoteError,
  RPCVersionCapError,
  Target,
  UnsupportedVersion,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';
import { conductorApi } from './conductor-api.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Served {
  readonly version: string;
  readonly discovery?: boolean;
}

/** Servers of the versions, and what they got. */
async function serve(url: string, topic: string, servers: readonly Served[]) {
  const seen: { version: string | undefined; args: object }[] = [];
  const echo = (_ctxt: unknown, args: object) => {
    seen.push({ version: getCurrentRequest()?.getTarget().version, args });
    return { id: 'v', at: '2026-01-01T00:00:00Z' };
  };
  const starting = servers.map(async ({ version, discovery = true }, index) => {
    const transport = getRpcTransport({ transportUrl: url, logger: silent, rpcDiscoveryEnabled: discovery });
    const target = new Target({ topic, exchange: 'contracts', server: `s${index}` });
    const server = getRpcServer(transport, target, [
      { target: new Target({ version }), heal: echo, scale: echo, get: echo },
    ]);
    closing.push(
      () => server.stop(),
      () => transport.cleanup(),
    );
    await server.start();
    return server;
  });
  return { seen, servers: await Promise.all(starting) };
}

function clientOf(url: string, topic: string) {
  const log = new LogRecorder();
  const transport = getRpcTransport({ transportUrl: url, logger: log, rpcResponseTimeout: 10 });
  closing.push(() => transport.cleanup());
  return { log, client: getRpcApiClient(transport, conductorApi(topic), { versionCap: 'auto' }) };
}

const ENGINES = [
  ['memory://', describe, () => `memory://${uniqueTopic()}/`],
  ['RabbitMQ', describeWithRabbit, () => rabbitUrl],
] as const;

const heal = { vnf_id: 'v', cause: 'c' };

describe.each(ENGINES)("the cap 'auto' on %s", (_name, describeHere, urlOf) => {
  describeHere('of a typed client', () => {
    it('is the lowest version of the servers', async () => {
      const [url, topic] = [urlOf(), uniqueTopic()];
      const { seen } = await serve(url, topic, [{ version: '1.9' }, { version: '1.10' }]);
      const { client, log } = clientOf(url, topic);
      expect(client.$canSend('scale')).toBe(false);
      expect(await client.scale({ vnf_id: 'vv' })).toMatchObject({ id: 'v' });
      expect(client.$canSend('scale')).toBe(true);
      await expect(client.newest({ a: 1 })).rejects.toBeInstanceOf(RPCVersionCapError);
      await client.$prepare({ server: 's0' }).heal(heal);
      await client.get({ vnf_id: 'v' });
      expect(seen.map(({ version }) => version)).toEqual(['1.9', '1.2', '1.0']);
      expect(log.messages(/./, 'warn')).toEqual([]);
    });

    it('is the first version beside a server that cannot say its own', async () => {
      const [url, topic] = [urlOf(), uniqueTopic()];
      const { seen } = await serve(url, topic, [{ version: '1.10' }, { version: '1.10', discovery: false }]);
      const { client, log } = clientOf(url, topic);
      await expect(client.newest({ a: 1 })).rejects.toBeInstanceOf(RPCVersionCapError);
      await client.$prepare({ server: 's1' }).get({ vnf_id: 'v' });
      expect(seen).toMatchObject([{ version: '1.0' }]);
      expect(log.messages(/does not say the version/, 'warn')).toHaveLength(1);
    });
  });
});

describe("the cap 'auto'", () => {
  it('needs no answer for methods of the first version', async () => {
    const { client } = clientOf(`memory://${uniqueTopic()}/`, uniqueTopic());
    await expect(client.get({ vnf_id: 'v' })).rejects.toBeInstanceOf(MessageUndeliverable);
  });

  it('is waited for within the timeout of the request, and until its signal aborts', async () => {
    const [url, topic] = [`memory://${uniqueTopic()}/`, uniqueTopic()];
    const transport = getRpcTransport({ transportUrl: url, logger: silent });
    const server = getRpcServer(transport, new Target({ topic, exchange: 'contracts', server: 's' }), [
      { oslo_rpc_server_info: () => new Promise((resolve) => closing.push(async () => resolve(null))) },
    ]);
    await server.start();
    closing.push(() => transport.cleanup());
    const { client } = clientOf(url, topic);
    await expect(client.newest({ a: 1 }, { timeout: '20ms' })).rejects.toThrow(/"newest".*no server has reported/);
    await expect(client.newest({ a: 1 }, { timeout: '20ms' })).rejects.toBeInstanceOf(MessagingTimeout);
    const reason = new Error('enough');
    await expect(client.newest({ a: 1 }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('costs a first call with a short timeout only a part of it', async () => {
    const [url, topic] = [`memory://${uniqueTopic()}/`, uniqueTopic()];
    await serve(url, topic, [{ version: '1.10' }]);
    const { client } = clientOf(url, topic);
    expect(await client.scale({ vnf_id: 'vv' }, { timeout: '500ms' })).toMatchObject({ id: 'v' });
    const since = performance.now();
    // The answer is shared, also by a client that names the same cap.
    await client.$prepare({ versionCap: 'auto' }).scale({ vnf_id: 'vv' });
    expect(performance.now() - since).toBeLessThan(90);
  });

  it('asks again when a server refuses the version, and lets requests wait for the answer', async () => {
    const [url, topic] = [`memory://${uniqueTopic()}/`, uniqueTopic()];
    const first = await serve(url, topic, [{ version: '1.10' }]);
    const { client } = clientOf(url, topic);
    await client.scale({ vnf_id: 'vv' });
    await Promise.all(first.servers.map((server) => server.stop()));
    await serve(url, topic, [{ version: '1.9' }]);
    const refused = await client.newest({ a: 1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RemoteError);
    expect(refused).toMatchObject({ excType: 'UnsupportedVersion' });
    const calls = Array.from({ length: 20 }, () => client.scale({ vnf_id: 'vv' }));
    expect(await Promise.all(calls)).toHaveLength(20);
    await expect(client.newest({ a: 1 })).rejects.toBeInstanceOf(RPCVersionCapError);
  });

  it('is not changed by a refusal from another service', async () => {
    const [url, topic] = [`memory://${uniqueTopic()}/`, uniqueTopic()];
    const transport = getRpcTransport({ transportUrl: url, logger: silent, rpcDiscoveryEnabled: true });
    const passOn = () => {
      throw new UnsupportedVersion('3.0', 'downstream');
    };
    const target = new Target({ topic, exchange: 'contracts', server: 's' });
    const server = getRpcServer(transport, target, [
      { target: new Target({ version: '1.10' }), scale: passOn, newest: () => ({}) },
    ]);
    closing.push(
      () => server.stop(),
      () => transport.cleanup(),
    );
    await server.start();
    const { client, log } = clientOf(url, topic);
    await expect(client.scale({ vnf_id: 'vv' })).rejects.toMatchObject({ excType: 'UnsupportedVersion' });
    expect(client.$canSend('newest')).toBe(true);
    expect(log.messages(/./, 'warn')).toEqual([]);
  });
});
