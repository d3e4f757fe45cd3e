import type { DeliveryMode, OsloMessagingOptions, RabbitOptions } from 'nestjs-oslo-messaging';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { Ledger } from './ledger.js';
import { WorkerProcess } from './worker-process.js';

/** Seconds that a server's handlers have once it is told to end. */
export const GRACE = 10;
/** Seconds between two signs of life on a connection. */
export const HEARTBEAT = 5;

export interface ServiceOptions {
  /** Name of the topic, and of the column in the table. */
  readonly name: string;
  readonly delivery: DeliveryMode;
  readonly rabbit?: RabbitOptions;
  readonly servers?: number;
  readonly clients?: number;
  /** Requests a second, of all clients together. */
  readonly callRate: number;
  readonly castRate: number;
  /** Seconds that a request has. @default 8 */
  readonly timeout?: number;
  /** Reach the broker by TCP proxies, one for the servers and one for the clients. */
  readonly proxied?: boolean;
}

/** Broker and folder of a service. */
export interface Place {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
}

interface Slot {
  readonly role: 'server' | 'client';
  readonly host: string;
  worker: WorkerProcess;
}

/** One topic: the processes that serve it, those that call, and the ledger of what became of the requests. */
export class Service {
  readonly ledger: Ledger;
  readonly proxies: TcpProxy[] = [];
  readonly #slots: Slot[] = [];
  /** Dead ones, too: their journals are still to be read. */
  readonly #workers: WorkerProcess[] = [];
  #launched = 0;
  #urls: Record<Slot['role'], string>;

  constructor(
    private readonly place: Place,
    readonly options: ServiceOptions,
  ) {
    this.ledger = new Ledger(options.delivery);
    this.#urls = { server: place.url, client: place.url };
  }

  get name(): string {
    return this.options.name;
  }

  /** Seconds that a request has. */
  get timeout(): number {
    return this.options.timeout ?? 8;
  }

  /** Milliseconds within which a server that is told to end has ended. */
  get grace(): number {
    return GRACE * 1000;
  }

  get servers(): WorkerProcess[] {
    return this.#live('server');
  }

  get clients(): WorkerProcess[] {
    return this.#live('client');
  }

  async startServers(): Promise<void> {
    const { servers = 1, proxied = false } = this.options;
    if (proxied) for (const role of ['server', 'client'] as const) this.#urls[role] = await this.#proxied();
    await this.#begin('server', servers);
  }

  async startClients(): Promise<void> {
    await this.#begin('client', this.options.clients ?? 1);
  }

  /** Reads what the processes have noted since the last time. */
  collect(): void {
    for (const { journal, name } of this.#workers) for (const entry of journal.read()) this.ledger.note(entry, name);
  }

  /** Kills one of the servers, and starts another in its place. Resolves with how many casts were in work. */
  async killServer(index = 0): Promise<number> {
    const server = this.servers[index];
    if (!server) throw new Error(`${this.name} has no server ${index}`);
    await server.kill();
    this.collect();
    const interrupted = this.ledger.interrupted(server.name);
    await this.#replace('server', index);
    return interrupted;
  }

  async killClient(index = 0): Promise<void> {
    const client = this.clients[index];
    await client?.kill();
    if (client) this.ledger.killed(client.name);
    await (await this.#replace('client', index)).load();
  }

  /** Asks one of the servers to end, and starts another in its place. Resolves with the milliseconds that it took. */
  async terminateServer(index = 0): Promise<number> {
    const server = this.servers[index];
    if (!server) throw new Error(`${this.name} has no server ${index}`);
    // What it began a while ago may have been lost with an earlier connection.
    this.ledger.drained(server.name, Date.now() - 1000);
    const took = await server.terminate();
    await this.#replace('server', index);
    return took;
  }

  async stop(): Promise<void> {
    for (const worker of this.#workers) {
      await worker.kill();
      worker.journal.close();
    }
    for (const proxy of this.proxies.splice(0)) await proxy.close();
  }

  #live(role: Slot['role']): WorkerProcess[] {
    return this.#slots.filter((slot) => slot.role === role).map(({ worker }) => worker);
  }

  async #proxied(): Promise<string> {
    const port = Number(/:(\d+)\/$/.exec(this.place.url)?.[1]);
    const proxy = await TcpProxy.start(port);
    this.proxies.push(proxy);
    return this.place.url.replace(`:${port}/`, `:${proxy.port}/`);
  }

  async #begin(role: Slot['role'], count: number): Promise<void> {
    const hosts = Array.from({ length: count }, (_, n) => `${this.name}-${role}${n + 1}`);
    const begin = async (host: string) => ({ role, host, worker: await this.#launch(role, host) });
    this.#slots.push(...(await Promise.all(hosts.map(begin))));
  }

  async #replace(role: Slot['role'], index: number): Promise<WorkerProcess> {
    const slot = this.#slots.filter((one) => one.role === role)[index];
    if (!slot) throw new Error(`${this.name} has no ${role} ${index}`);
    slot.worker = await this.#launch(role, slot.host);
    return slot.worker;
  }

  async #launch(role: Slot['role'], host: string): Promise<WorkerProcess> {
    const { name: topic, delivery, rabbit, callRate, castRate, clients = 1 } = this.options;
    const options: OsloMessagingOptions = {
      transportUrl: this.#urls[role],
      // Durable or not, an exchange is what its first user made it, and takes the queues of later ones with it.
      controlExchange: topic,
      host,
      delivery,
      // Otherwise it is each server by itself that runs nothing twice.
      refuseRedelivered: delivery === 'at-most-once',
      rpcResponseTimeout: this.timeout,
      drainTimeout: GRACE,
      // What a killed process leaves behind is to be gone by the end.
      rabbit: { heartbeatTimeoutThreshold: HEARTBEAT, rabbitTransientQueuesTtl: '10s', ...rabbit },
    };
    const name = `${host}.${this.#launched++}`;
    const rates = { callRate: callRate / clients, castRate: castRate / clients };
    const { folder, token } = this.place;
    const worker = await WorkerProcess.start(folder, { role, name, topic, options, token, ...rates });
    this.#workers.push(worker);
    return worker;
  }
}
