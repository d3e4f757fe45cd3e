// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import {
  call,
  cast,
  defineRpcApi,
  getRpcApiClient,
  InjectRpcApi,
  OsloMessagingModule,
  type RpcApiArgs,
  type RpcApiClient,
  RpcArg,
  RpcEndpoint,
  type RpcHandlers,
  type Transport,
} from 'nestjs-oslo-messaging';
import * as z from 'zod';
import type { conductorApi as Conductor, Vnf } from './sense-contracts.js';

const ScaleArgs = z.object({ vnf_id: z.string(), steps: z.number() });
const vnf_id = 'v1';
type Api = typeof Conductor;

export async function requests(client: RpcApiClient<Api>, transport: Transport, api: Api): Promise<void> {
  // @ts-expect-error
  await client.gett({ vnf_id });
  // @ts-expect-error
  await client.get();
  // @ts-expect-error
  await client.get({});
  // @ts-expect-error
  await client.get({ vnf_id: 5 });
  // @ts-expect-error
  await client.get({ vnf_id, name: 'x' });
  // @ts-expect-error
  await client.get('v1');
  // @ts-expect-error
  await client.list({ limit: 'x' });
  // @ts-expect-error
  const wrong: number = await client.get({ vnf_id });
  // @ts-expect-error
  const nothing: string = await client.heal({ vnf_id });
  // @ts-expect-error
  (await client.scale({ vnf_id })).at.toFixed();
  // @ts-expect-error
  await client.scale({ vnf: 'x' });
  // @ts-expect-error
  await client.anything(5);
  // @ts-expect-error
  await client.get({ vnf_id }, { timout: 5 });
  // @ts-expect-error
  await client.get({ vnf_id }, { timeout: true });
  // @ts-expect-error
  await client.get({ vnf_id }, { versionCap: '1.0' });
  // @ts-expect-error
  client.$canSend('haal');
  // @ts-expect-error
  client.$prepare({ topic: 't' });
  // @ts-expect-error
  client.$prepare({ retryPolicy: { methods: ['get'] } });
  // @ts-expect-error
  client.get = async () => ({ id: '', name: '' });
  // @ts-expect-error
  getRpcApiClient(transport, { target: api.target });
  // @ts-expect-error
  getRpcApiClient(transport, api, { versioncap: '1.0' });
  // @ts-expect-error
  getRpcApiClient<Api, '1.2'>(transport, api, { versionCap: '1.3' });
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ api, target: { topic: 't' } }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ api: 'conductor' }]);
  // @ts-expect-error
  InjectRpcApi('conductor');
  // @ts-expect-error
  RpcEndpoint(api, { topic: 't' });
  void [wrong, nothing];
}

export async function caps(
  atOne: RpcApiClient<Api, '1.1'>,
  atNine: RpcApiClient<Api, '1.9'>,
  atTwo: RpcApiClient<Api, '2.0'>,
  bobcat: RpcApiClient<Api, 'bobcat'>,
): Promise<void> {
  // @ts-expect-error
  await atOne.scale({ vnf_id });
  // @ts-expect-error
  await atOne.moved({ vnf_id, steps: 1 });
  // @ts-expect-error
  await atNine.terminate({ vnf_id });
  // @ts-expect-error
  await bobcat.terminate({ vnf_id });
  // @ts-expect-error
  await atTwo.scale({ vnf_id });
  // The compiler does not know the version of a method with plain types and no version as type parameter.
  // @ts-expect-error
  await atNine.heal({ vnf_id });
  // @ts-expect-error
  atNine.$prepare({ versionCap: '1.10' });
  // @ts-expect-error
  await atNine.$prepare({ timeout: 5 }).terminate({ vnf_id });
}

export function definitions(): void {
  // @ts-expect-error
  defineRpcApi({ topic: 't', methods: {} });
  // @ts-expect-error
  defineRpcApi({ topic: 't', version: '1.0', methods: { inspect: call() } });
  // @ts-expect-error
  defineRpcApi({ version: '1.0', methods: {} });
  // @ts-expect-error
  defineRpcApi({ topic: 't', version: 1, methods: {} });
  // @ts-expect-error
  defineRpcApi({ topic: 't', version: '1.0', methods: { get: {} } });
  // @ts-expect-error
  defineRpcApi({ topic: 't', version: '1.0', methods: { get: call }, namspace: 'n' });
  // @ts-expect-error
  defineRpcApi({ topic: 't', version: '1.0', methods: { $get: call() } });
  // @ts-expect-error
  defineRpcApi({ topic: 't', version: '1.0', methods: { get: call(), onModuleInit: call() } });
  // @ts-expect-error
  call<{ a: string }, string>({ fanout: true });
  // @ts-expect-error
  call({ args: ScaleArgs, fanout: true });
  // @ts-expect-error
  call({ args: ScaleArgs, server: (args) => args.host });
  // @ts-expect-error
  call({ args: {} });
  // @ts-expect-error
  call<{ a: string }, string>({ args: ScaleArgs });
  // @ts-expect-error
  call<{ a: string }, string, '1.2'>({ since: '1.3' });
  // @ts-expect-error
  cast<{ a: string }>({ callMonitorTimeout: 5 });
  // @ts-expect-error
  cast<{ a: string }>({ server: (args) => args.b });
  // @ts-expect-error
  cast<{ a: string }>({ server: () => 5 });
  // @ts-expect-error
  cast<{ a: string }, '1.1' | '1.0'>({ since: '1.1', fallback: { version: '1.0', args: ({ b }) => ({ b }) } });
  // @ts-expect-error
  cast<{ a: string }, '1.1'>({ since: '1.1', fallback: { version: '1.0' } });
  // @ts-expect-error
  cast<{ a: string }>({ since: 1.1 });
  // @ts-expect-error
  cast<{ a: string }>({ timout: 5 });
  // @ts-expect-error
  const missing: RpcApiArgs<Api, 'haal'> = undefined as never;
  void missing;
}

export class Handlers implements Pick<RpcHandlers<Api>, 'get' | 'heal' | 'scale' | 'reboot' | 'list'> {
  // @ts-expect-error
  get(args: { vnf_id: number }): Vnf {
    return { id: String(args.vnf_id), name: '' };
  }
  // @ts-expect-error
  heal(@RpcArg('vnf_id') id: number): void {
    void id;
  }
  // @ts-expect-error
  scale(args: RpcApiArgs<Api, 'scale'>): { id: string; at: Date } {
    return { id: args.vnf_id, at: new Date() };
  }
  // @ts-expect-error
  async reboot(args: { host: string }): Promise<number> {
    return args.host.length;
  }
  // @ts-expect-error
  list(args: { limit: string }): Vnf[] {
    void args;
    return [];
  }
}

// @ts-expect-error
export class Incomplete implements RpcHandlers<Api> {}
