/** Time in milliseconds for which the broker still counts a channel after it has confirmed its end. */
const COUNTED_MS = 50;

/** Longest wait for a turn, in milliseconds. A node that answers nothing must not keep another connection from its host. */
const MAX_WAIT_MS = 2000;

/**
 * Turns of channels that are open for a short time, such as those to declare on. Where the user may have few channels, the
 * connections of a transport open them in turn. Without a limit of the user nothing waits.
 */
export class ChannelTurns {
  /** Number of turns at a time. */
  limit = Number.POSITIVE_INFINITY;
  private readonly waiting: (() => void)[] = [];
  private begun = 0;

  /** True while somebody waits for a turn. */
  get contended(): boolean {
    return this.waiting.length > 0;
  }

  /** Waits for a turn. Resolves with a function that ends it, when the channel is closed, or was not opened. */
  async begin(): Promise<(outcome: 'closed' | 'unused') => void> {
    if (this.begun < this.limit) this.begun++;
    else await this.wait();
    let ended = false;
    return (outcome) => {
      if (ended) return;
      ended = true;
      if (outcome === 'unused' || this.limit === Number.POSITIVE_INFINITY) this.end();
      else setTimeout(() => this.end(), COUNTED_MS).unref();
    };
  }

  /** Does a task that has closed its channels in the end. @throws the error of the task */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const end = await this.begin();
    try {
      return await work();
    } finally {
      end('closed');
    }
  }

  /** Resolves with the turn of another one, or when the wait has been too long. */
  private wait(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        this.begun++;
        resolve();
      }, MAX_WAIT_MS);
      this.waiting.push(go);
    });
  }

  private end(): void {
    const next = this.begun <= this.limit ? this.waiting.shift() : undefined;
    if (next) next();
    else this.begun--;
  }
}
