import { LRUCache } from 'lru-cache';
import type { ManagementApi } from '../../internal.js';
import type { TappedCaller } from './tap-event.js';

/** Maximum number of senders that are remembered. */
const MAX_KNOWN = 2000;
/** Time in milliseconds after which a sender is looked up again: the API knows a new connection after some seconds. */
const TTL_MS = 30_000;
const TTL_UNKNOWN_MS = 5000;
/** Maximum number of lookups at the same time. Further senders are looked up with their next request. */
const MAX_LOOKUPS = 4;

interface Found {
  readonly name: string | undefined;
  readonly connection: string | undefined;
}

const NOTHING: Found = { name: undefined, connection: undefined };

/** Names of the connections of senders, from the management API. Lookups never delay an event. */
export class ConnectionNames {
  private readonly found = new LRUCache<string, Found>({ max: MAX_KNOWN });
  private lookups = 0;

  constructor(private readonly api: ManagementApi | undefined) {}

  /** Returns the sender with what is known by now, and looks up the rest. */
  readonly identify = (caller: TappedCaller): TappedCaller => {
    const key = caller.connection ?? caller.replyQueue;
    if (!this.api || key === undefined) return caller;
    const found = this.found.get(key);
    if (!found) void this.lookUp(this.api, key, caller);
    const { name, connection = caller.connection } = found ?? NOTHING;
    return { ...caller, connection, name };
  };

  private async lookUp(api: ManagementApi, key: string, { connection, replyQueue = '' }: TappedCaller): Promise<void> {
    if (this.lookups >= MAX_LOOKUPS) return;
    this.lookups++;
    let found = NOTHING;
    try {
      const address = connection ?? (await consumerOf(api, replyQueue));
      if (address !== undefined) found = { connection: address, name: await nameOf(api, address) };
    } catch {
      // A user without permission to see connections; the events have what AMQP says.
    } finally {
      this.lookups--;
      this.found.set(key, found, { ttl: found.name === undefined ? TTL_UNKNOWN_MS : TTL_MS });
    }
  }
}

/** Returns the connection that consumes from a queue. */
async function consumerOf(api: ManagementApi, queue: string): Promise<string | undefined> {
  const answer = await api.send('GET', `api/queues/${api.vhostPath}/${encodeURIComponent(queue)}`);
  const consumers = member(answer, 'consumer_details');
  return Array.isArray(consumers)
    ? textOf(member(member(consumers[0], 'channel_details'), 'connection_name'))
    : undefined;
}

/** Returns the name that a client gave its connection. */
async function nameOf(api: ManagementApi, connection: string): Promise<string | undefined> {
  const answer = await api.send('GET', `api/connections/${encodeURIComponent(connection)}`);
  return textOf(member(member(answer, 'client_properties'), 'connection_name'));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 200) : undefined;
}
