import { setTimeout as delay } from 'node:timers/promises';
import { Logger, Module } from '@nestjs/common';
import {
  InjectNotifier,
  InjectRpcApi,
  Notifier,
  OsloMessagingModule,
  RequestContext,
  type RpcApiArgs,
  type RpcApiClient,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  type RpcHandlers,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { agentApi } from './agent-api.js';
import { conductorApi } from './conductor-api.js';
import { options } from './settings.js';
import { type Vnf, VnfNotFound, type VnfState } from './vnf.js';
import { VnfStore } from './vnf-store.js';

type Args<Method extends keyof (typeof conductorApi)['methods']> = RpcApiArgs<typeof conductorApi, Method>;

/** Manages the life cycle of VNFs. Casts have no reply, so progress is visible in the store and in notifications. */
@RpcEndpoint(conductorApi)
export class Conductor implements RpcHandlers<typeof conductorApi> {
  readonly #log = new Logger(Conductor.name);

  constructor(
    private readonly store: VnfStore,
    @InjectRpcApi(agentApi) private readonly agents: RpcApiClient<typeof agentApi>,
    @InjectNotifier('conductor') private readonly notifier: Notifier,
  ) {}

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  get(@RpcArgs() { vnf_id }: Args<'get'>): Vnf {
    return this.store.get(vnf_id);
  }

  list(): Vnf[] {
    return this.store.list();
  }

  async instantiate(
    @RpcArgs() { vnf_id: id, name }: Args<'instantiate'>,
    @RpcContext() ctxt: RequestContext,
  ): Promise<void> {
    this.store.save({ id, name, state: 'INSTANTIATING', instances: 1, host: null });
    await this.carryOut(ctxt, id, 'INSTANTIATING', 'ACTIVE', async () => {
      // Any free agent answers. From then on, the VNF belongs to that agent.
      const host = await this.agents.deploy({ vnf_id: id }, { context: ctxt });
      return { host };
    });
  }

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  async heal(@RpcArgs() { vnf_id: id }: Args<'heal'>, @RpcContext() ctxt: RequestContext): Promise<void> {
    await this.carryOut(ctxt, id, 'HEALING', 'ACTIVE', (vnf) => this.onItsAgent(ctxt, vnf, 'deploy'));
  }

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  async scale(@RpcArgs() { vnf_id: id, instances }: Args<'scale'>, @RpcContext() ctxt: RequestContext): Promise<void> {
    await this.carryOut(ctxt, id, 'SCALING', 'ACTIVE', async (vnf) => {
      await this.onItsAgent(ctxt, vnf, 'deploy');
      return { instances };
    });
  }

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  async terminate(@RpcArgs() { vnf_id: id }: Args<'terminate'>, @RpcContext() ctxt: RequestContext): Promise<void> {
    const vnf = await this.carryOut(ctxt, id, 'TERMINATING', 'TERMINATED', (it) => this.onItsAgent(ctxt, it, 'remove'));
    if (vnf.state === 'TERMINATED') this.store.remove(id);
  }

  async slow({ seconds }: Args<'slow'>): Promise<string> {
    await delay(seconds * 1000);
    return `answered after ${seconds} s`;
  }

  private async onItsAgent(ctxt: RequestContext, vnf: Vnf, method: 'deploy' | 'remove'): Promise<Partial<Vnf>> {
    if (vnf.host) await this.agents[method]({ vnf_id: vnf.id }, { context: ctxt, server: vnf.host });
    return {};
  }

  /** Moves a VNF through the states of one operation. An error leaves it in ERROR. */
  private async carryOut(
    ctxt: RequestContext,
    id: string,
    doing: VnfState,
    done: VnfState,
    work: (vnf: Vnf) => Promise<Partial<Vnf>>,
  ): Promise<Vnf> {
    const vnf = await this.advance(ctxt, id, { state: doing });
    try {
      return await this.advance(ctxt, id, { ...(await work(vnf)), state: done });
    } catch (error) {
      this.#log.error(`${doing} ${id} failed: ${error instanceof Error ? error.message : error}`);
      return this.advance(ctxt, id, { state: 'ERROR' });
    }
  }

  private async advance(ctxt: RequestContext, id: string, change: Partial<Vnf>): Promise<Vnf> {
    const vnf = this.store.save({ ...this.store.get(id), ...change });
    const priority = vnf.state === 'ERROR' ? 'error' : 'info';
    await this.notifier[priority](ctxt, `vnf.${vnf.state.toLowerCase()}`, vnf);
    return vnf;
  }
}

@Module({
  imports: [
    OsloMessagingModule.forRoot(options({ host: 'conductor' })),
    OsloMessagingModule.forFeature([{ api: agentApi }]),
  ],
  controllers: [Conductor],
  providers: [VnfStore],
})
export class ConductorModule {}
