import { afterAll, afterEach, beforeAll } from 'vitest';
import { rabbitUrl } from './environment.js';
import { type ManagedBroker, managedBroker } from './managed-broker.js';
import { ManagementApi } from './management.js';

/** Virtual host of a test, with its transport URL. */
export interface TappedVhost {
  readonly vhost: string;
  readonly url: string;
}

/** Broker with the management API, and virtual hosts of its own for each test: tracing is on or off for a whole one. */
export class TappedBroker {
  #node: ManagedBroker | undefined;
  readonly #cleanups: (() => Promise<unknown>)[] = [];

  constructor() {
    beforeAll(async () => {
      if (rabbitUrl !== '') this.#node = await managedBroker();
    });
    afterAll(() => this.#node?.stop());
    afterEach(async () => {
      for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
    });
  }

  get node(): ManagedBroker {
    if (!this.#node) throw new Error('no broker');
    return this.#node;
  }

  get managementUrl(): string {
    return this.node.managementUrl;
  }

  /** Adds work for the end of the test. */
  defer(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  /** Adds a virtual host, for this test. */
  async addVhost(): Promise<TappedVhost> {
    const management = new ManagementApi(this.node);
    const added = await management.addVhost();
    this.defer(() => management.deleteVhost(added.vhost));
    return added;
  }

  /** The virtual host as the management API shows it. */
  async vhost(name: string): Promise<Record<string, unknown>> {
    return (await (await this.fetch(`vhosts/${name}`)).json()) as Record<string, unknown>;
  }

  async isTracing({ vhost }: TappedVhost): Promise<unknown> {
    return (await this.vhost(vhost))['tracing'];
  }

  /** Names of the queues of taps. */
  async tapQueues({ vhost }: TappedVhost): Promise<string[]> {
    const names = await new ManagementApi(this.node).queueNames(vhost);
    return names.filter((name) => name.startsWith('oslo_tap_'));
  }

  /** Number of messages that the queues of taps have dropped, which only the node itself tells at once. */
  async droppedByTaps({ vhost }: TappedVhost): Promise<number> {
    const isDropped = 're:run(element(4, amqqueue:get_name(Queue)), "^oslo_tap_.*_dropped$") =/= nomatch';
    const counts = '{messages, Count} <- rabbit_amqqueue:info(Queue, [messages])';
    const expression = `lists:sum([Count || Queue <- rabbit_amqqueue:list(<<"${vhost}">>), ${isDropped}, ${counts}]).`;
    return Number(await this.node.control.rabbitmqctl('eval', expression));
  }

  /** A fault: closes all connections to a virtual host. */
  async closeConnections({ vhost }: TappedVhost): Promise<void> {
    const ofVhost = `rabbit_connection_tracking:list(<<"${vhost}">>)`;
    const pids = `[element(6, Connection) || Connection <- ${ofVhost}]`;
    await this.node.control.rabbitmqctl('eval', `rabbit_networking:close_connections(${pids}, "test").`);
  }

  async fetch(path: string, method = 'GET', body?: object): Promise<Response> {
    const response = await fetch(`${this.managementUrl}/api/${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  /** Adds a user of one virtual host. Returns the transport URL. */
  async addUser(
    { vhost, url }: TappedVhost,
    name: string,
    { tags = '', permissions = ['.*', '.*', '.*'] }: { tags?: string; permissions?: readonly string[] } = {},
  ): Promise<string> {
    const [configure, write, read] = permissions;
    await this.fetch(`users/${name}`, 'PUT', { password: 'pa55w0rd-of-tap', tags });
    this.defer(() => this.fetch(`users/${name}`, 'DELETE'));
    await this.fetch(`permissions/${vhost}/${name}`, 'PUT', { configure, write, read });
    return url.replace('guest:guest', `${name}:pa55w0rd-of-tap`);
  }
}
