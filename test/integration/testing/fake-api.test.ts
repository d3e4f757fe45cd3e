import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  call,
  cast,
  defineRpcApi,
  getRpcApiToken,
  InjectRpcApi,
  MessagingTimeout,
  OsloMessagingModule,
  RemoteError,
  RequestContext,
  RPCVersionCapError,
  type RpcApiClient,
  runWithRequestContext,
} from 'nestjs-oslo-messaging';
import { type FakeApiHandlers, fakeRpcApi, fakeRpcApiProvider, osloMatchers } from 'nestjs-oslo-messaging/testing';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';

expect.extend(osloMatchers);

const api = defineRpcApi({
  topic: 'conductor',
  version: '1.4',
  versionAliases: { bobcat: '1.1' },
  methods: {
    get: call<{ vnf_id: string }, { name: string } | null>(),
    instantiate: cast<{ vnf_id: string }>({ name: 'instantiate_vnf' }),
    heal: cast<{ vnf_id: string; cause?: string }, '1.2' | '1.0'>({
      since: '1.2',
      fallback: { version: '1.0', args: ({ vnf_id }) => ({ vnf_id }) },
    }),
    scale: call({
      args: z.object({ vnf_id: z.string().min(2), steps: z.number().default(1) }),
      result: z.object({ at: z.coerce.date() }),
      since: '1.3',
    }),
    inventory: cast<{ name: string }>({ fanout: true }),
    reboot: call<{ host: string }, string>({ server: ({ host }) => host }),
  },
});

const alice = new RequestContext({ userId: 'alice' });

@Injectable()
class Orders {
  constructor(@InjectRpcApi(api) readonly conductor: RpcApiClient<typeof api>) {}

  name(id: string): Promise<string | undefined> {
    return runWithRequestContext(alice, async () => (await this.conductor.get({ vnf_id: id }))?.name);
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({ transportUrl: 'rabbit://nowhere.invalid/' }),
    OsloMessagingModule.forFeature([{ api }]),
  ],
  providers: [Orders],
})
class OrdersModule {}

const failureOf = (promise: Promise<unknown>) => promise.then(() => undefined).catch((error: unknown) => error);

describe('A fake API', () => {
  it('stands for the client of an application', async () => {
    const conductor = fakeRpcApi(api, { get: ({ vnf_id }, { userId }) => ({ name: `${vnf_id} of ${userId}` }) });
    const module = await Test.createTestingModule({ imports: [OrdersModule] })
      .overrideProvider(getRpcApiToken(api))
      .useValue(conductor)
      .compile();
    expect(await module.get(Orders).name('v1')).toBe('v1 of alice');
    await module.close();
    const provider = fakeRpcApiProvider(api, { get: () => ({ name: 'provided' }) });
    const other = await Test.createTestingModule({ providers: [Orders, provider] }).compile();
    expect(await other.get(Orders).name('v1')).toBe('provided');
    expect(provider.useValue).toHaveCalled('get', { vnf_id: 'v1' });
    await other.close();
  });

  it('records calls and casts, with the names, versions and servers of the wire', async () => {
    const fake = fakeRpcApi(api, {
      get: async () => null,
      instantiate: () => undefined,
      inventory: () => undefined,
      reboot: ({ host }, _context, { target }) => `${host} ${target.server}`,
    });
    expect(await fake.get({ vnf_id: 'v1' }, { context: alice })).toBeNull();
    expect(await fake.reboot({ host: 'h1' })).toBe('h1 h1');
    await fake.instantiate({ vnf_id: 'v2' });
    await fake.$prepare({ context: alice }).inventory({ name: 'monday' });
    await fake.$settled();
    expect(fake.$calls).toMatchObject([
      { kind: 'call', method: 'get', args: { vnf_id: 'v1' }, context: { user_id: 'alice' }, result: null },
      { method: 'reboot', target: { server: 'h1', version: '1.0' } },
    ]);
    expect(fake.$casts).toMatchObject([
      { kind: 'cast', method: 'instantiate_vnf', status: 'done', target: { topic: 'conductor', version: '1.0' } },
      { method: 'inventory', target: { fanout: true }, context: { user_id: 'alice' } },
    ]);
    expect(fake).toHaveCalled('get', { vnf_id: 'v1' });
    expect(fake).toHaveCast({ method: 'instantiate_vnf', times: 1 });
    expect(fake).not.toHaveCalled('scale');
    fake.$reset();
    expect([fake.$calls, fake.$casts]).toEqual([[], []]);
  });

  it('has the caps and older forms of a real client', async () => {
    const heal = vi.fn();
    const fake = fakeRpcApi(api, { heal, scale: () => ({ at: new Date(0) }) }, { versionCap: 'bobcat' });
    await fake.heal({ vnf_id: 'v1', cause: 'broken' });
    await fake.$settled();
    expect(heal.mock.calls[0]?.[0]).toEqual({ vnf_id: 'v1' });
    expect(await failureOf(fake.scale({ vnf_id: 'v1' }))).toBeInstanceOf(RPCVersionCapError);
    expect([fake.$canSend('heal'), fake.$canSend('scale')]).toEqual([true, false]);
    expect(fake.$casts).toMatchObject([{ target: { version: '1.0' } }]);
  });

  it('says the version of the API to the cap auto', async () => {
    const fake = fakeRpcApi(api, { heal: () => undefined }, { versionCap: 'auto' });
    await fake.heal({ vnf_id: 'v1', cause: 'broken' });
    expect(fake.$casts).toMatchObject([{ target: { version: '1.2' }, args: { cause: 'broken' } }]);
    expect(fake.$calls).toEqual([]);
  });

  it('applies the schemas of arguments and results', async () => {
    const scale = vi.fn(({ steps }: { steps: number }) => ({ at: new Date(steps) }));
    const fake = fakeRpcApi(api, { scale });
    expect(await fake.scale({ vnf_id: 'v1' })).toEqual({ at: new Date(1) });
    const refused = await failureOf(fake.scale({ vnf_id: 'v' }));
    expect(refused).toMatchObject({ excType: 'ValueError', value: expect.stringContaining('vnf_id') });
    expect(scale).toHaveBeenCalledTimes(1);
  });

  it('fails as a server does', async () => {
    const fake = fakeRpcApi(api, {
      get: () => {
        throw new RangeError('no such VNF');
      },
      reboot: () => {
        throw new MessagingTimeout('no reply');
      },
    });
    expect(await failureOf(fake.get({ vnf_id: 'v1' }))).toMatchObject({ excType: 'ValueError', value: 'no such VNF' });
    expect(await failureOf(fake.reboot({ host: 'h' }))).toBeInstanceOf(MessagingTimeout);
    const unknown = await failureOf(fake.scale({ vnf_id: 'v1' }));
    expect(unknown).toBeInstanceOf(RemoteError);
    expect(unknown).toMatchObject({ excType: 'NoSuchMethod' });
  });

  it('refuses methods that the API does not have, and bad options', () => {
    const bad = (...given: unknown[]) => (fakeRpcApi as (...given: unknown[]) => unknown).bind(undefined, ...given);
    expect(bad(api, { gett: () => 5 })).toThrow(/no method "gett"; did you mean "get"\?/);
    expect(bad(api, { constructor: () => 5 })).toThrow(ConfigurationError);
    expect(bad(api, { get: 5 })).toThrow(/expected functions; got a number for "get"/);
    expect(bad(api, null)).toThrow(ConfigurationError);
    expect(bad({}, {})).toThrow(/expected an API/);
    expect(bad(api, {}, { versonCap: '1.0' })).toThrow(/did you mean "versionCap"/);
    expect(bad(api, {}, { versionCap: 'zed' })).toThrow(ConfigurationError);
    const handlers: FakeApiHandlers<typeof api> = { get: undefined };
    expect(() => fakeRpcApi(api, handlers)).not.toThrow();
  });
});
