import { setTimeout as delay } from 'node:timers/promises';
import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { RpcArg, RpcEndpoint, type RpcHandlers } from 'nestjs-oslo-messaging';
import { type AgentReport, agentApi } from './agent-api.js';

const HOST = Symbol('host of the agent');

/** Runs VNFs on one host. Where all parameters are named, a missing or unknown argument is refused as in Python. */
@RpcEndpoint(agentApi)
export class Agent implements RpcHandlers<typeof agentApi> {
  readonly #vnfs = new Set<string>();
  #inventory: string | null = null;

  constructor(@Inject(HOST) private readonly host: string) {}

  async deploy(@RpcArg('vnf_id') vnfId: string): Promise<string> {
    await delay(100); // the work
    this.#vnfs.add(vnfId);
    return this.host;
  }

  async remove(@RpcArg('vnf_id') vnfId: string): Promise<void> {
    await delay(50);
    this.#vnfs.delete(vnfId);
  }

  takeInventory(@RpcArg('name') name: string): void {
    this.#inventory = name;
  }

  report(): AgentReport {
    return { host: this.host, vnfs: [...this.#vnfs], inventory: this.#inventory };
  }
}

@Module({})
export class AgentModule {
  static on(host: string): DynamicModule {
    return { module: AgentModule, controllers: [Agent], providers: [{ provide: HOST, useValue: host }] };
  }
}
