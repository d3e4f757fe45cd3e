import { Deadline } from '../internal.js';

/** Time in milliseconds for the broker to let go. What ended before is not affected. */
const CLOSE_TIMEOUT_MS = 1000;

/** Connections of a command. They are closed after its output, which a broker that does not answer must not hold up. */
export class OpenConnections {
  private readonly closes: (() => Promise<void>)[] = [];

  /** Adds a connection. @param close closes it */
  add(close: () => Promise<void>): void {
    this.closes.push(close);
  }

  /** Closes all connections. Resolves after a second where one of them is still open. */
  close(): Promise<void> {
    const closing = Promise.allSettled(this.closes.map((close) => close()));
    return Deadline.after(CLOSE_TIMEOUT_MS)
      .race(closing, () => new Error('late'))
      .then(
        () => undefined,
        () => undefined,
      );
  }
}
