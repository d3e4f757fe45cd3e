import { setTimeout as delay } from 'node:timers/promises';
import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { RpcArg, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';

const HOST = Symbol('host of the agent');

export interface AgentReport {
  host: string;
  vnfs: string[];
  /** Name of the last inventory; null before the first. */
  inventory: string | null;
}

/** Runs VNFs on one host. It names no topic, so it answers on the topic of its server. */
@RpcEndpoint({ version: '1.0' })
export class Agent {
  readonly #vnfs = new Set<string>();
  #inventory: string | null = null;

  constructor(@Inject(HOST) private readonly host: string) {}

  @RpcMethod()
  async deploy(@RpcArg('vnf_id') vnfId: string): Promise<string> {
    await delay(100); // the work
    this.#vnfs.add(vnfId);
    return this.host;
  }

  @RpcMethod()
  async remove(@RpcArg('vnf_id') vnfId: string): Promise<void> {
    await delay(50);
    this.#vnfs.delete(vnfId);
  }

  @RpcMethod('take_inventory')
  takeInventory(@RpcArg('name') name: string): void {
    this.#inventory = name;
  }

  @RpcMethod()
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
