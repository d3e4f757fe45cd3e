import { setTimeout as delay } from 'node:timers/promises';
import { Logger, Module } from '@nestjs/common';
import {
  BackingOffClient,
  InjectNotifier,
  InjectRpcClient,
  Notifier,
  OsloMessagingModule,
  RequestContext,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { options } from './settings.js';
import { AGENT_TOPIC, AGENTS, CONDUCTOR_TOPIC, type Vnf, VnfNotFound, type VnfState } from './vnf.js';
import { VnfStore } from './vnf-store.js';

/** Manages the life cycle of VNFs. Casts have no reply, so progress is visible in the store and in notifications. */
@RpcEndpoint({ topic: CONDUCTOR_TOPIC, version: '1.0' })
export class Conductor {
  readonly #log = new Logger(Conductor.name);

  constructor(
    private readonly store: VnfStore,
    @InjectRpcClient(AGENT_TOPIC) private readonly agents: BackingOffClient,
    @InjectNotifier('conductor') private readonly notifier: Notifier,
  ) {}

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  get(@RpcArg('vnf_id') vnfId: string): Vnf {
    return this.store.get(vnfId);
  }

  @RpcMethod()
  async instantiate(
    @RpcContext() ctxt: RequestContext,
    @RpcArg('vnf_id') id: string,
    @RpcArg('name') name: string,
  ): Promise<void> {
    this.store.save({ id, name, state: 'INSTANTIATING', instances: 1, host: null });
    await this.carryOut(ctxt, id, 'INSTANTIATING', 'ACTIVE', async () => {
      // Any free agent answers. From then on, the VNF belongs to that agent.
      const host = await this.agents.call<string>(ctxt, 'deploy', { vnf_id: id });
      return { host };
    });
  }

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  async heal(@RpcContext() ctxt: RequestContext, @RpcArg('vnf_id') id: string): Promise<void> {
    await this.carryOut(ctxt, id, 'HEALING', 'ACTIVE', (vnf) => this.onItsAgent(ctxt, vnf, 'deploy'));
  }

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  async scale(
    @RpcContext() ctxt: RequestContext,
    @RpcArg('vnf_id') id: string,
    @RpcArg('instances') instances: number,
  ): Promise<void> {
    await this.carryOut(ctxt, id, 'SCALING', 'ACTIVE', async (vnf) => {
      await this.onItsAgent(ctxt, vnf, 'deploy');
      return { instances };
    });
  }

  @RpcMethod({ expectedExceptions: [VnfNotFound] })
  async terminate(@RpcContext() ctxt: RequestContext, @RpcArg('vnf_id') id: string): Promise<void> {
    const vnf = await this.carryOut(ctxt, id, 'TERMINATING', 'TERMINATED', (it) => this.onItsAgent(ctxt, it, 'remove'));
    if (vnf.state === 'TERMINATED') this.store.remove(id);
  }

  /** Answers after that time, for the timeout in the tour. */
  @RpcMethod()
  async slow(@RpcArg('seconds') seconds: number): Promise<string> {
    await delay(seconds * 1000);
    return `answered after ${seconds} s`;
  }

  private async onItsAgent(ctxt: RequestContext, vnf: Vnf, method: 'deploy' | 'remove'): Promise<Partial<Vnf>> {
    if (vnf.host) await this.agents.prepare({ server: vnf.host }).call(ctxt, method, { vnf_id: vnf.id });
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
    OsloMessagingModule.forFeature([{ target: AGENTS }]),
  ],
  controllers: [Conductor],
  providers: [VnfStore],
})
export class ConductorModule {}
