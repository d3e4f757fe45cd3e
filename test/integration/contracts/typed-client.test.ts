import {
  BackingOffClient,
  ConfigurationError,
  getCurrentRequest,
  getRpcApiClient,
  getRpcServer,
  getRpcTransport,
  InvalidTarget,
  MessageUndeliverable,
  MessagingTimeout,
  RemoteError,
  RequestContext,
  RequestContextSerializer,
  type RPCServer,
  type RpcApiClient,
  runWithRequestContext,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';
import { type ConductorApi, conductorApi } from './conductor-api.js';

interface Seen {
  readonly method: string;
  readonly server: string;
  readonly version: string | undefined;
  readonly args: object;
  readonly user: string | undefined;
}

const ENGINES = [
  ['memory://', describe, () => `memory://${uniqueTopic()}/`],
  ['RabbitMQ', describeWithRabbit, () => rabbitUrl],
] as const;

describe.each(ENGINES)('a typed client on %s', (_name, describeHere, urlOf) => {
  describeHere('of an API', () => {
    const topic = uniqueTopic('conductor');
    const api = conductorApi(topic);
    let transport: Transport;
    let servers: RPCServer[];
    let client: RpcApiClient<ConductorApi>;
    let seen: Seen[] = [];

    const endpoint = (server: string) => {
      const saw = (method: string, ctxt: RequestContext, args: object) => {
        const version = getCurrentRequest()?.getTarget().version;
        seen.push({ method, server, version, args, user: ctxt.userId ?? undefined });
      };
      return {
        target: new Target({ version: '1.10' }),
        get: (ctxt: RequestContext, args: { vnf_id: string }) => {
          saw('get', ctxt, args);
          return { id: args.vnf_id, name: 'web' };
        },
        list: (ctxt: RequestContext, args: object) => {
          saw('list', ctxt, args);
          return ['a'];
        },
        instantiate: (ctxt: RequestContext, args: object) => saw('instantiate', ctxt, args),
        take_inventory: (ctxt: RequestContext, args: object) => saw('take_inventory', ctxt, args),
        reboot: (ctxt: RequestContext, args: object) => {
          saw('reboot', ctxt, args);
          return server;
        },
        newest: () => {
          throw new Error('broken');
        },
      };
    };

    beforeAll(async () => {
      const serializer = new RequestContextSerializer();
      transport = getRpcTransport({ transportUrl: urlOf(), logger: silent, rpcResponseTimeout: 20 });
      servers = ['one', 'two'].map((server) =>
        getRpcServer(transport, new Target({ topic, exchange: 'contracts', server }), [endpoint(server)], {
          serializer,
        }),
      );
      await Promise.all(servers.map((server) => server.start()));
      client = getRpcApiClient(transport, api, { serializer });
    });
    beforeEach(() => {
      seen = [];
    });
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await transport.cleanup();
    });

    it('calls a method and returns its result', async () => {
      const vnf = await client.get({ vnf_id: 'v1' });
      expect(vnf).toEqual({ id: 'v1', name: 'web' });
      expect(seen).toMatchObject([{ method: 'get', args: { vnf_id: 'v1' }, version: '1.0' }]);
    });

    it('sends an empty object for arguments that are left out', async () => {
      expect(await client.list()).toEqual(['a']);
      expect(await client.list(undefined, { timeout: 5 })).toEqual(['a']);
      expect(seen.map(({ args }) => args)).toEqual([{}, {}]);
    });

    it('can be taken apart', async () => {
      const { get } = client;
      expect(await get({ vnf_id: 'v2' })).toEqual({ id: 'v2', name: 'web' });
    });

    it('sends a cast to one server, and a fanout under its name on the wire to all', async () => {
      await client.instantiate({ vnf_id: 'v1', name: 'web' });
      await client.inventory({ name: 'n' });
      await eventually(() => expect(seen).toHaveLength(3));
      expect(seen.filter(({ method }) => method === 'instantiate')).toHaveLength(1);
      const inventory = seen.filter(({ method }) => method === 'take_inventory');
      expect(inventory.map(({ server }) => server).sort()).toEqual(['one', 'two']);
    });

    it('sends to the server that a function of the arguments names, unless the request names one', async () => {
      expect(await client.reboot({ host: 'two' })).toBe('two');
      expect(await client.reboot({ host: 'one' })).toBe('one');
      expect(await client.reboot({ host: 'one' }, { server: 'two' })).toBe('two');
      expect(await client.$prepare({ server: 'one' }).reboot({ host: 'two' })).toBe('one');
      await expect(client.reboot({ host: '' })).rejects.toThrow(/"server" function of "reboot".*got ""/);
      await expect(client.reboot({ host: '' })).rejects.toBeInstanceOf(InvalidTarget);
      await expect(client.reboot({ host: 'gone' })).rejects.toBeInstanceOf(MessageUndeliverable);
    });

    it('inherits the context of the request in work, unless one is given', async () => {
      await runWithRequestContext(new RequestContext({ userId: 'alice' }), () => client.get({ vnf_id: 'v' }));
      const bob = new RequestContext({ userId: 'bob' });
      await runWithRequestContext(new RequestContext({ userId: 'alice' }), () =>
        client.get({ vnf_id: 'v' }, { context: bob }),
      );
      await client.$prepare({ context: bob }).get({ vnf_id: 'v' });
      expect(seen.map(({ user }) => user)).toEqual(['alice', 'bob', 'bob']);
    });

    it('rejects with the errors of the client below', async () => {
      const failed = await client.newest({ a: 1 }).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(RemoteError);
      expect((failed as Error).message).toContain('broken');
      const quick = client.$prepare({ server: 'nobody', timeout: '50ms' });
      await expect(quick.get({ vnf_id: 'v' })).rejects.toBeInstanceOf(MessageUndeliverable);
    });

    it('gives up with the signal of a request', async () => {
      const reason = new Error('enough');
      await expect(client.get({ vnf_id: 'v' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(seen).toEqual([]);
    });

    it('refuses unknown and ill-typed options of a request, by a rejection', async () => {
      const given = { timout: 5 } as object;
      await expect(client.get({ vnf_id: 'v' }, given)).rejects.toThrow('Unknown request option "timout"');
      await expect(client.get({ vnf_id: 'v' }, { timeout: -1 })).rejects.toThrow(/^timeout: expected/);
      await expect(client.get('v1' as never)).rejects.toBeInstanceOf(ConfigurationError);
      await expect(client.get(null as never)).rejects.toBeInstanceOf(ConfigurationError);
    });

    it('offers the client below, with the target of the API', async () => {
      expect(client.$client).toBeInstanceOf(BackingOffClient);
      expect(client.$client.target).toMatchObject({ topic, exchange: 'contracts', version: '1.10' });
      expect(await client.$client.call({}, 'get', { vnf_id: 'x' })).toEqual({ id: 'x', name: 'web' });
      expect(client.$api).toBe(api);
    });
  });
});

describe('options of a typed client', () => {
  const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic()}/`, logger: silent });
  const api = conductorApi('conductor');
  afterAll(() => transport.cleanup());

  it('are checked when the client is made or prepared', () => {
    const make = (options: object) => () => getRpcApiClient(transport, api, options);
    expect(make({ timeot: 5 })).toThrow('Unknown option "timeot"');
    expect(make({ retryPolicy: { methods: ['get'] } })).toThrow(/retryPolicy.methods: remove it/);
    expect(make({ retryPolicy: { atempts: 2 } })).toThrow(/retryPolicy.atempts.*did you mean/);
    expect(make({ versionAliases: 'x' })).toThrow(ConfigurationError);
    expect(() => getRpcApiClient(transport, {} as never)).toThrow(/expected an API, as defineRpcApi returns it/);
    const client = getRpcApiClient(transport, api);
    expect(() => client.$prepare({ timout: 5 } as never)).toThrow(/Unknown \$prepare option "timout"/);
    expect(() => client.$prepare({ timeout: -1 })).toThrow(/^timeout: expected/);
    expect(() => client.$canSend('haal' as never)).toThrow(/has no method "haal"; did you mean "heal"/);
  });

  it('take the timeout of the request, of $prepare, of the method, of the client, in this order', async () => {
    const times: number[] = [];
    const watched = getRpcTransport({
      transportUrl: `memory://${uniqueTopic()}/`,
      logger: silent,
      clientInterceptors: [
        async (message) => {
          times.push(Math.round(message.deadline.remaining() / 1000));
          throw new MessagingTimeout('enough');
        },
      ],
    });
    const client = getRpcApiClient(watched, api, { timeout: 30 });
    const args = { host: 'h' };
    const failing = [
      client.get({ vnf_id: 'v' }),
      client.reboot(args),
      client.$prepare({ timeout: 20 }).reboot(args),
      client.$prepare({ timeout: 20 }).reboot(args, { timeout: 5 }),
    ];
    await Promise.allSettled(failing);
    await watched.cleanup();
    expect(times).toEqual([30, 10, 20, 5]);
  });

  it('repeat idempotent methods by the retry policy, and no others', async () => {
    const attempts: string[] = [];
    const watched = getRpcTransport({ transportUrl: `memory://${uniqueTopic()}/`, logger: silent });
    const client = getRpcApiClient(watched, api, {
      timeout: 5,
      retryPolicy: { attempts: 3, delay: '1ms', maxDelay: '1ms' },
    });
    const count = () => watched.counts.retries;
    await expect(client.list()).rejects.toBeInstanceOf(MessageUndeliverable);
    attempts.push(`list ${count()}`);
    await expect(client.get({ vnf_id: 'v' })).rejects.toBeInstanceOf(MessageUndeliverable);
    attempts.push(`get ${count()}`);
    await watched.cleanup();
    expect(attempts).toEqual(['list 0', 'get 2']);
  });
});
