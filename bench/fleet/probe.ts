import { setTimeout as sleep } from 'node:timers/promises';
import { getRpcClient, getRpcTransport, type RPCClient, Target, type Transport } from 'nestjs-oslo-messaging';

const PAUSE_MS = 200;
/** Short, since a call that was lost with a connection is not answered. */
const TIMEOUT = '500ms';
/** The probe must not wait for its own connection while the fleet has one. */
const rabbit = { rabbitRetryInterval: '50ms', rabbitRetryBackoff: 0, rabbitIntervalMax: '50ms' };

const nothing = (): void => undefined;
/** The probe loses its connections as often as the fleet does. */
const logger = { debug: nothing, log: nothing, warn: nothing, error: nothing };

/** Caller that finds out when each service of a fleet answers again. */
export class Probe {
  private readonly transport: Transport;
  private readonly clients: readonly RPCClient[];

  constructor(url: string, topic: string, hosts: readonly string[]) {
    this.transport = getRpcTransport({ transportUrl: url, rabbit, logger });
    this.clients = hosts.map((server) => {
      return getRpcClient(this.transport, new Target({ topic, server, version: '1.0' }), {
        timeout: TIMEOUT,
        retry: 0,
      });
    });
  }

  /**
   * Resolves with the time of each service's first answer, in milliseconds since 1970, in ascending order.
   * @param until services without an answer at this time are left out
   */
  async answers(until: number): Promise<number[]> {
    const times = await Promise.all(this.clients.map((client) => firstAnswer(client, until)));
    return times.filter((time) => time !== undefined).sort((a, b) => a - b);
  }

  close(): Promise<void> {
    return this.transport.cleanup();
  }
}

async function firstAnswer(client: RPCClient, until: number): Promise<number | undefined> {
  // The calls of a fleet are spread over the pause.
  await sleep(Math.random() * PAUSE_MS);
  while (Date.now() < until) {
    try {
      await client.call({ user_id: 'u' }, 'echo', { text: 'echo' });
      return Date.now();
    } catch {
      await sleep(PAUSE_MS);
    }
  }
  return undefined;
}
