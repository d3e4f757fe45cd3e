import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP proxy between a client and a server on loopback, which does to a connection what networks do. */
export class TcpProxy {
  readonly #target: number;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #port = 0;
  #accepted = 0;
  readonly #flow = new Flow();

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

  /** Resets all present connections; new ones are welcome. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  /** Connections stay open, and new ones are accepted, but nothing gets through: neither bytes nor a close. */
  stall(): void {
    this.#flow.stall();
    for (const link of this.#links) link.pause();
  }

  resume(): void {
    this.#flow.resume();
    for (const link of this.#links) link.resume();
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

  /** Holds back every chunk, both ways, by so many milliseconds. */
  delay(ms: number): void {
    this.#flow.delay = ms;
  }

  async close(): Promise<void> {
    await this.refuse();
    this.#flow.resume();
    this.cut();
  }

  #welcome(client: Socket): void {
    this.#accepted++;
    const server = new Socket({ allowHalfOpen: true });
    server.setNoDelay(true);
    const link = new Link(client, server, this.#flow);
    this.#links.add(link);
    link.onClose = () => this.#links.delete(link);
    server.connect(this.#target, '127.0.0.1');
  }
}

/** Shared by all links: whether bytes flow, and how late. */
class Flow {
  delay = 0;
  #open: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;

  get stalled(): boolean {
    return this.#release !== undefined;
  }

  stall(): void {
    if (this.stalled) return;
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  resume(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async pass(since: number): Promise<void> {
    const wait = since + this.delay - performance.now();
    if (wait > 0) await sleep(wait);
    await this.#open;
  }
}

/** One client's connection and its counterpart to the server. */
class Link {
  onClose: () => void = () => undefined;
  #closed = 0;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly flow: Flow,
  ) {
    this.#forward(client, server);
    this.#forward(server, client);
    if (flow.stalled) this.pause();
  }

  pause(): void {
    this.client.pause();
    this.server.pause();
  }

  resume(): void {
    this.client.resume();
    this.server.resume();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  #forward(from: Socket, to: Socket): void {
    // One event after the other, in order, however the delay changes in between.
    let tail = Promise.resolve();
    const inTurn = (deliver: () => void) => {
      const since = performance.now();
      tail = tail.then(() => this.flow.pass(since)).then(deliver);
    };
    from.on('data', (chunk) => inTurn(() => to.writable && to.write(chunk)));
    from.on('end', () => inTurn(() => to.writable && to.end()));
    from.on('error', () => undefined);
    from.on('close', (hadError) => {
      this.#closed++;
      if (this.#closed === 2) this.onClose();
      inTurn(() => {
        if (to.destroyed) return;
        if (hadError) to.resetAndDestroy();
        else to.destroySoon();
      });
    });
  }
}
