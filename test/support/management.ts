import { randomBytes } from 'node:crypto';

type Arguments = Record<string, unknown>;

/** Declarations in one virtual host. Random parts of names are `<id>`; the broker's own exchanges are left out. */
export interface Topology {
  exchanges: { name: string; type: string; durable: boolean; autoDelete: boolean; arguments: Arguments }[];
  queues: { name: string; durable: boolean; autoDelete: boolean; exclusive: boolean; arguments: Arguments }[];
  bindings: { exchange: string; queue: string; key: string }[];
  consumers: { queue: string; acknowledges: boolean; prefetch: number; arguments: Arguments }[];
}

interface Row {
  [field: string]: unknown;
  name: string;
  arguments: Arguments;
}

const random = (name: unknown) => String(name).replace(/[0-9a-f]{32}/g, '<id>');

/** A node's management plugin: the broker's own view, in milliseconds where `rabbitmqctl` takes seconds. */
export class ManagementApi {
  constructor(private readonly node: { url: string; managementUrl: string | undefined }) {}

  /** The transport URL of a new, empty virtual host. */
  async addVhost(): Promise<{ vhost: string; url: string }> {
    const vhost = `v-${randomBytes(6).toString('hex')}`;
    await this.#request('PUT', `vhosts/${vhost}`);
    return { vhost, url: this.node.url + vhost };
  }

  /** Deletes a virtual host, with all that is in it. */
  async deleteVhost(vhost: string): Promise<void> {
    await this.#request('DELETE', `vhosts/${vhost}`);
  }

  /** Sets a policy for the queues of a virtual host whose names match. */
  async setPolicy(vhost: string, name: string, pattern: string, definition: object): Promise<void> {
    await this.#request('PUT', `policies/${vhost}/${name}`, { pattern, definition, 'apply-to': 'queues' });
  }

  /** The names of the queues as they are. */
  async queueNames(vhost: string): Promise<string[]> {
    return (await this.#list('queues', vhost)).map(({ name }) => name).sort();
  }

  async topology(vhost: string): Promise<Topology> {
    const [exchanges, queues, bindings, consumers] = await Promise.all([
      this.#list('exchanges', vhost),
      this.#list('queues', vhost),
      this.#list('bindings', vhost),
      this.#list('consumers', vhost),
    ]);
    return {
      exchanges: sorted(exchanges)
        .filter(({ name }) => name !== '' && !name.startsWith('amq.'))
        .map(({ name, type, durable, auto_delete, arguments: args }) => {
          return {
            name,
            type: String(type),
            durable: Boolean(durable),
            autoDelete: Boolean(auto_delete),
            arguments: args,
          };
        }),
      queues: sorted(queues).map(({ name, durable, auto_delete, exclusive, arguments: args }) => ({
        name: random(name),
        durable: Boolean(durable),
        autoDelete: Boolean(auto_delete),
        exclusive: Boolean(exclusive),
        arguments: args,
      })),
      bindings: bindings
        .filter(({ source }) => source !== '')
        .map(({ source, destination, routing_key }) => {
          return { exchange: String(source), queue: random(destination), key: String(routing_key) };
        })
        .sort((a, b) => (a.queue < b.queue ? -1 : 1)),
      consumers: consumers
        .map(({ queue, ack_required, prefetch_count, arguments: args }) => ({
          queue: random((queue as Row).name),
          acknowledges: Boolean(ack_required),
          prefetch: Number(prefetch_count),
          arguments: Array.isArray(args) ? {} : args,
        }))
        .sort((a, b) => (a.queue < b.queue ? -1 : 1)),
    };
  }

  async #list(what: string, vhost: string): Promise<Row[]> {
    return (await this.#request('GET', `${what}/${vhost}`)) as Row[];
  }

  async #request(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.node.managementUrl}/api/${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  }
}

function sorted(rows: Row[]): Row[] {
  return [...rows].sort((a, b) => (random(a.name) < random(b.name) ? -1 : 1));
}
