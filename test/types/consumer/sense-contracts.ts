// Lines that must compile.
import {
  type BackingOffClient,
  call,
  cast,
  defineRpcApi,
  getRpcApiClient,
  getRpcApiToken,
  InjectRpcApi,
  OsloMessagingModule,
  type OsloRpcContext,
  type RequestContext,
  type RpcApi,
  type RpcApiArgs,
  type RpcApiClient,
  type RpcApiResult,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  type RpcHandlers,
  type Transport,
} from 'nestjs-oslo-messaging';
import { type Observable, of } from 'rxjs';
import * as v from 'valibot';
import * as z from 'zod';

export interface Vnf {
  id: string;
  name: string;
}

const ScaleArgs = z.object({ vnf_id: z.string(), steps: z.coerce.number().default(1), when: z.string().optional() });
const VnfSchema = v.object({
  id: v.string(),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
});

export const conductorApi = defineRpcApi({
  topic: 'conductor',
  exchange: 'tacker',
  version: '1.12',
  versionAliases: { bobcat: '1.2' },
  methods: {
    get: call<{ vnf_id: string }, Vnf>(),
    list: call<{ limit?: number }, Vnf[]>(),
    instantiate: cast<{ vnf_id: string; name: string }>(),
    heal: cast<{ vnf_id: string; cause?: string }>({ since: '1.1' }),
    terminate: cast<{ vnf_id: string }, '1.10'>({ since: '1.10' }),
    update: cast<{ vnf_id: string; cause?: string }, '1.12' | '1.0'>({
      since: '1.12',
      fallback: { version: '1.0', args: ({ vnf_id }) => ({ vnf_id }) },
    }),
    scale: call({ args: ScaleArgs, result: VnfSchema, since: '1.9', idempotent: true, server: (args) => args.vnf_id }),
    moved: call({
      args: ScaleArgs,
      since: '1.12',
      fallback: [{ version: '1.11' }, { version: '1.2', args: ({ vnf_id }) => ({ id: vnf_id }) }],
    }),
    take_inventory: cast<{ name: string }>({ fanout: true, timeout: '5s' }),
    reboot: call<{ host: string }, void>({ server: (args) => args.host, callMonitorTimeout: 5, name: 'reboot_host' }),
    anything: call(),
    hybrid: call<{ a: number }, Vnf>({ result: z.object({ id: z.string(), name: z.string() }) }),
    stop: cast({ args: z.object({ id: z.string() }) }),
  },
});

type Client = RpcApiClient<typeof conductorApi>;
const vnf_id = 'v1';

export async function calls(client: Client, signal: AbortSignal, context: RequestContext): Promise<void> {
  const vnf: Vnf = await client.get({ vnf_id });
  const list: Vnf[] = await client.list();
  const none: unknown = await client.instantiate({ vnf_id, name: vnf.name });
  await client.heal({ vnf_id });
  await client.heal({ vnf_id, cause: 'c' }, { timeout: '5s', server: 's', signal, context, retry: 0 });
  const { at } = await client.scale({ vnf_id });
  at.getTime();
  await client.scale({ vnf_id, steps: '3' });
  const moved: unknown = await client.moved({ vnf_id });
  await client.take_inventory({ name: 'n' });
  const rebooted: unknown = await client.reboot({ host: 'h' });
  const anything: unknown = await client.anything({ any: 'thing' });
  await client.anything();
  const hybrid: Vnf = await client.hybrid({ a: 1 });
  await client.stop({ id: 'x' });
  const { get } = client.$prepare({ timeout: 5, versionCap: '1.2', retryPolicy: { attempts: 2 } });
  await get({ vnf_id });
  const can: boolean = client.$canSend('scale');
  const below: BackingOffClient = client.$client;
  const api: typeof conductorApi = client.$api;
  void [list, none, moved, rebooted, anything, hybrid, can, below, api];
}

export async function capped(
  atNine: RpcApiClient<typeof conductorApi, '1.9'>,
  atTen: RpcApiClient<typeof conductorApi, '1.10'>,
  bobcat: RpcApiClient<typeof conductorApi, 'bobcat'>,
  auto: RpcApiClient<typeof conductorApi, 'auto'>,
): Promise<void> {
  // Versions are compared by numbers: 1.9 is below 1.10.
  await atNine.scale({ vnf_id });
  await atTen.terminate({ vnf_id });
  // What has a fallback can be sent under an older cap.
  await atNine.update({ vnf_id });
  await bobcat.moved({ vnf_id });
  await bobcat.get({ vnf_id });
  await auto.terminate({ vnf_id });
  const raised: RpcApiClient<typeof conductorApi, '1.10'> = atNine.$prepare<'1.10'>({ versionCap: '1.10' });
  await raised.terminate({ vnf_id });
  const can: boolean = bobcat.$canSend('terminate');
  void can;
}

export function clients(transport: Transport): unknown[] {
  const plain: Client = getRpcApiClient(transport, conductorApi, { versionCap: '1.2', timeout: 5 });
  const strict: RpcApiClient<typeof conductorApi, '1.2'> = getRpcApiClient<typeof conductorApi, '1.2'>(
    transport,
    conductorApi,
    { versionCap: '1.2', versionAliases: { mine: '1.1' } },
  );
  const features = OsloMessagingModule.forFeature([
    { api: conductorApi, versionCap: 'auto', retryPolicy: { attempts: 3 } },
    { target: { topic: 't' } },
    { publisherId: 'p' },
  ]);
  return [plain, strict, features, getRpcApiToken(conductorApi, 'broker')];
}

export class Caller {
  constructor(@InjectRpcApi(conductorApi) readonly conductor: RpcApiClient<typeof conductorApi>) {}
}

@RpcEndpoint(conductorApi, { transport: 'broker' })
export class Conductor implements RpcHandlers<typeof conductorApi> {
  async get(args: RpcApiArgs<typeof conductorApi, 'get'>): Promise<Vnf> {
    return { id: args.vnf_id, name: 'n' };
  }
  list(@RpcArg('limit') limit: number): Observable<Vnf[]> {
    return of([{ id: String(limit), name: '' }]);
  }
  instantiate(@RpcArg('vnf_id') id: string, @RpcArg('name') name: string): void {
    void [id, name];
  }
  heal(@RpcArg('vnf_id') id: string, @RpcArg('cause', { optional: true }) cause?: string): string {
    return `${id} ${cause}`;
  }
  terminate(@RpcContext() context: RequestContext, @RpcArg('vnf_id') id: string): void {
    void [context, id];
  }
  async update({ vnf_id, cause }: { vnf_id: string; cause?: string }, context: OsloRpcContext): Promise<void> {
    void [vnf_id, cause, context];
  }
  scale({ vnf_id, steps }: RpcApiArgs<typeof conductorApi, 'scale'>): RpcApiResult<typeof conductorApi, 'scale'> {
    return { id: vnf_id, at: steps.toFixed() };
  }
  moved(): number {
    return 5;
  }
  take_inventory(): void {}
  async reboot(): Promise<void> {}
  anything(args: { x: number }): number {
    return args.x;
  }
  hybrid(args: { a: number }): Vnf {
    return { id: String(args.a), name: '' };
  }
  stop(args: { id: string }): void {
    void args;
  }
}

export const erased: RpcApi = conductorApi;
export const target = [conductorApi.target.topic, conductorApi.methods.heal.version, conductorApi.methods.scale.args];
export const literal: '1.12' = conductorApi.version;
