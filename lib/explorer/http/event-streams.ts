import type { ServerResponse } from 'node:http';
import { clearRealInterval, realInterval, stringifyJson } from '../../internal.js';
import type { ExplorerEvents } from '../protocol.js';

/** Interval of comments that keep proxies from closing a quiet stream, in milliseconds. */
const HEARTBEAT_MS = 15_000;
/** Size of what waits for a page from which it does not read, in bytes. */
const MAX_WAITING = 1024 * 1024;
/** Number of heartbeats after which a page that does not read is cut off. */
const MAX_STALLED = 2;
/** Time after which a page connects again, in milliseconds. */
const RETRY_MS = 2000;

/** Page that gets events. */
interface Client {
  readonly response: ServerResponse;
  /** True while the page does not read: events are left out. */
  isStalled: boolean;
  stalledHeartbeats: number;
  /** True where it has missed an event. */
  hasMissed: boolean;
}

/** Server-sent events to all pages. What a page does not read is left out, so that nothing piles up; it begins anew later. */
export class EventStreams {
  private readonly clients = new Set<Client>();
  private heartbeat: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** @param onCount called with the number of pages when it changes */
  constructor(
    private readonly maxClients: number,
    private readonly onCount: (count: number) => void,
  ) {}

  /** Number of pages. */
  get count(): number {
    return this.clients.size;
  }

  /** True where no more pages are admitted. */
  get isFull(): boolean {
    return this.isClosed || this.clients.size >= this.maxClients;
  }

  /** Admits a page. Its headers are sent. */
  add(response: ServerResponse): void {
    const client: Client = { response, isStalled: false, stalledHeartbeats: 0, hasMissed: false };
    this.clients.add(client);
    response.on('drain', () => {
      client.isStalled = false;
      client.stalledHeartbeats = 0;
      // It connects again, and asks for everything.
      if (client.hasMissed) response.end();
    });
    response.on('close', () => this.remove(client));
    response.on('error', () => this.remove(client));
    this.heartbeat ??= realInterval(() => this.beat(), HEARTBEAT_MS).unref();
    this.write(client, `retry: ${RETRY_MS}\n\n`);
    this.onCount(this.clients.size);
  }

  /** Sends an event to all pages that read. */
  send<Name extends keyof ExplorerEvents>(name: Name, data: ExplorerEvents[Name]): void {
    if (this.clients.size === 0) return;
    const text = `event: ${name}\ndata: ${stringifyJson(data)}\n\n`;
    for (const client of this.clients) {
      if (client.isStalled) client.hasMissed = true;
      else this.write(client, text);
    }
  }

  /** Ends all streams, and admits no more. */
  close(): void {
    this.isClosed = true;
    for (const client of [...this.clients]) {
      client.response.end();
      // A page that does not read would keep its connection.
      if (client.isStalled) client.response.destroy();
      this.remove(client);
    }
  }

  private beat(): void {
    for (const client of [...this.clients]) {
      if (!client.response.writableNeedDrain) this.write(client, ': \n\n');
      else if (++client.stalledHeartbeats >= MAX_STALLED) client.response.destroy();
    }
  }

  private write(client: Client, text: string): void {
    const { response } = client;
    if (response.writableEnded || response.destroyed) return;
    client.isStalled = !response.write(text) && response.writableLength > MAX_WAITING;
    // Middleware that compresses waits for more.
    const { flush } = response as { flush?: unknown };
    if (typeof flush === 'function') Reflect.apply(flush, response, []);
  }

  private remove(client: Client): void {
    if (!this.clients.delete(client)) return;
    if (this.clients.size === 0) {
      clearRealInterval(this.heartbeat);
      this.heartbeat = undefined;
    }
    this.onCount(this.clients.size);
  }
}
