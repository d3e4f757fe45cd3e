import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { Flow, Link } from './tcp-link.js';

/** The way of bytes from the client that a fault is on. */
export type Direction = 'toServer' | 'toClient';

/** A TCP proxy between a client and a server on loopback, which does to a connection what networks do. */
export class TcpProxy {
  readonly #target: number;
  readonly #links = new Set<Link>();
  readonly #flows = { toServer: new Flow(), toClient: new Flow() };
  #server: Server | undefined;
  #port = 0;
  #accepted = 0;
  #resets: NodeJS.Timeout | undefined;

  private constructor(target: number) {
    this.#target = target;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await proxy.accept();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Connections accepted since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** The transport URL of the broker behind the proxy. */
  get url(): string {
    return `rabbit://guest:guest@127.0.0.1:${this.#port}/`;
  }

  /** The connections that are open now, the oldest first. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** Sees all that is sent in one direction; chunks are no messages. */
  observe(direction: Direction, see: (chunk: Buffer, link: Link) => void): void {
    this.#flows[direction].see = see;
  }

  /** Resets all present connections; new ones are welcome. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  /** Resets all connections every so many milliseconds; 0 ends that. */
  cutEvery(ms: number): void {
    clearInterval(this.#resets);
    this.#resets = ms > 0 ? setInterval(() => this.cut(), ms).unref() : undefined;
  }

  /**
   * Half-open: the present connections stay open, but what is sent on them is lost, and neither end learns that the other
   * has closed. For good: `resume` cannot bring back lost bytes. New connections are whole.
   */
  halfOpen(): void {
    for (const link of this.#links) link.die();
  }

  /**
   * Zero bandwidth, both ways or one: connections stay open, and new ones are accepted, but nothing is read from the
   * sender until `resume`: neither bytes nor a close.
   */
  stall(direction?: Direction): void {
    for (const flow of direction ? [this.#flows[direction]] : this.#both) flow.stall();
    for (const link of this.#links) link.follow();
  }

  resume(): void {
    for (const flow of this.#both) flow.resume();
    for (const link of this.#links) link.follow();
  }

  /** Stops listening: new connections are refused, present ones stay. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // Without a callback: `close` would wait for the present connections to end.
    server?.close();
    await Promise.resolve();
  }

  /** Listens again on the same port. */
  async accept(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#welcome(client));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  /** Holds back every chunk, both ways, by so many milliseconds, give or take the jitter; the order stays. */
  delay(ms: number, jitter = 0): void {
    for (const flow of this.#both) Object.assign(flow, { delay: ms, jitter });
  }

  /** Hands over what is sent, both ways, in pieces of at most so many bytes; Infinity ends that. */
  slice(bytes: number): void {
    for (const flow of this.#both) flow.slice = bytes;
  }

  /** Restores the initial behaviour. Connections that were cut or are half-open stay so. */
  async heal(): Promise<void> {
    this.cutEvery(0);
    this.delay(0);
    this.slice(Number.POSITIVE_INFINITY);
    this.resume();
    await this.accept();
  }

  async close(): Promise<void> {
    this.cutEvery(0);
    await this.refuse();
    for (const flow of this.#both) flow.resume();
    this.cut();
  }

  get #both(): readonly Flow[] {
    return [this.#flows.toServer, this.#flows.toClient];
  }

  #welcome(client: Socket): void {
    this.#accepted++;
    const server = new Socket({ allowHalfOpen: true });
    server.setNoDelay(true);
    const link = new Link(client, server, this.#flows.toServer, this.#flows.toClient);
    this.#links.add(link);
    link.onClose = () => this.#links.delete(link);
    server.connect(this.#target, '127.0.0.1');
  }
}
