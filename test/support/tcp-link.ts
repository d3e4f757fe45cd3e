import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Treatment of the bytes in one direction, on all links of a proxy. */
export class Flow {
  /** Milliseconds that every chunk is held back … */
  delay = 0;
  /** … more or less by up to so many, in order all the same. */
  jitter = 0;
  /** The longest piece that is written at once. */
  slice = Number.POSITIVE_INFINITY;
  see: (chunk: Buffer, link: Link) => void = () => undefined;
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
    const wait = since + this.delay + (2 * Math.random() - 1) * this.jitter - performance.now();
    if (wait > 0) await sleep(wait);
    await this.#open;
  }
}

/** One client's connection and its counterpart to the server. */
export class Link {
  onClose: () => void = () => undefined;
  readonly #closed = new Set<Socket>();
  #dead = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly toServer: Flow,
    private readonly toClient: Flow,
  ) {
    this.#forward(client, server, toServer);
    this.#forward(server, client, toClient);
    this.follow();
  }

  /** The port by which the server knows this connection. */
  get port(): number | undefined {
    return this.server.localPort;
  }

  /** Reads from both ends as their flows are now: what is not read fills the sender's window. */
  follow(): void {
    for (const [from, flow] of [[this.client, this.toServer] as const, [this.server, this.toClient] as const]) {
      if (flow.stalled && !this.#dead) from.pause();
      else from.resume();
    }
  }

  /** Sends to one end what the other never sent. Where the other sends just now, it may land within a frame. */
  inject(direction: 'toServer' | 'toClient', bytes: Buffer): void {
    (direction === 'toServer' ? this.server : this.client).write(bytes);
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  /** From now on neither end hears of the other again, neither bytes nor a close. */
  die(): void {
    this.#dead = true;
    this.follow();
  }

  #forward(from: Socket, to: Socket, flow: Flow): void {
    // One event after the other, in order, however the delay changes in between.
    let tail = Promise.resolve();
    const inTurn = (deliver: () => unknown) => {
      const since = performance.now();
      tail = tail
        .then(() => flow.pass(since))
        .then(() => this.#dead || deliver())
        .then(() => undefined);
    };
    from.on('data', (chunk: Buffer) => {
      flow.see(chunk, this);
      inTurn(() => this.#write(chunk, to, flow));
    });
    from.on('end', () => inTurn(() => to.writable && to.end()));
    from.on('error', () => {
      // After a reset that fails Node.js says no more than this.
      if (from.destroyed) this.#gone(from);
    });
    from.on('close', (hadError) => {
      this.#gone(from);
      inTurn(() => {
        if (to.destroyed) return;
        if (hadError) to.resetAndDestroy();
        else to.destroySoon();
      });
    });
  }

  #gone(end: Socket): void {
    this.#closed.add(end);
    if (this.#closed.size === 2) this.onClose();
  }

  async #write(chunk: Buffer, to: Socket, flow: Flow): Promise<void> {
    for (let begin = 0; begin < chunk.length; ) {
      const end = begin + flow.slice;
      if (to.writable) to.write(chunk.subarray(begin, end));
      begin = end;
      // The other end is to read each slice by itself.
      if (begin < chunk.length) await nextTurn();
    }
  }
}
