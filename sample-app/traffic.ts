import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectRpcApi, type RpcApiClient } from 'nestjs-oslo-messaging';
import { agentApi } from './agent-api.js';
import { type CappedConductor, conductorApi } from './conductor-api.js';
import { requestContext } from './settings.js';
import { VnfNotFound } from './vnf.js';

const USERS = 3;

/** Simulates users, so that the page at /rpc has something to show: some ten requests a second, of which some fail. */
@Injectable()
export class Traffic implements OnModuleDestroy {
  readonly #closing = new AbortController();
  #users: Promise<void>[] = [];

  constructor(
    @InjectRpcApi(conductorApi) private readonly conductor: CappedConductor,
    @InjectRpcApi(agentApi) private readonly agents: RpcApiClient<typeof agentApi>,
  ) {}

  /** @param pause mean time between two requests of a user, in milliseconds */
  start(pause = 300): void {
    this.#users = Array.from({ length: USERS }, () => this.live(pause));
  }

  async onModuleDestroy(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#users);
  }

  /** Lives one life of a VNF after the other, until the application closes. */
  private async live(mean: number): Promise<void> {
    const { signal } = this.#closing;
    const pause = (times = 1) => delay(times * mean * (0.5 + Math.random()), undefined, { signal });
    while (!signal.aborted) await this.liveOnce(pause).catch(() => undefined);
  }

  private async liveOnce(pause: (times?: number) => Promise<void>): Promise<void> {
    const conductor = this.conductor.$prepare({ context: requestContext(), timeout: '2s' });
    const agents = this.agents.$prepare({ context: requestContext(), timeout: '2s' });
    const vnf = { vnf_id: randomUUID() };
    await pause();

    // To a conductor that does not answer, requests would pile up in its queue.
    const error = await conductor.get(vnf).catch((thrown: unknown) => thrown);
    if (!(error instanceof VnfNotFound)) return pause(20);

    const look = () => conductor.get(vnf);
    for (const request of [
      () => conductor.instantiate({ ...vnf, name: 'nat' }),
      ...[look, look, look, look],
      () => conductor.scale({ ...vnf, instances: 2 }),
      ...[look, () => agents.report(), look],
      () => conductor.slow({ seconds: 0.6 }, { timeout: '300ms' }), // times out
      ...[look, () => agents.report(), look],
      () => conductor.heal(vnf),
      ...[look, () => conductor.slow({ seconds: 1.2 }), look, look],
      () => conductor.terminate(vnf),
    ]) {
      // The page shows what failed.
      await request().catch(() => undefined);
      await pause();
    }
  }
}
