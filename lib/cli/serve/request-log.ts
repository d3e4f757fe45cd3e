import type { Writable } from 'node:stream';

/** Bytes that may wait for a slow reader. Lines beyond them are left out. */
const MAX_WAITING_BYTES = 2 ** 20;

type Output = Pick<Writable, 'write' | 'writableLength'>;

/** Log of requests. A reader that is slower than the requests costs lines, not memory. */
export class RequestLog {
  #leftOut = 0;

  constructor(
    private readonly output: Output,
    /** Returns the line about lines that were left out. */
    private readonly noteOf: (leftOut: number) => string,
  ) {}

  write(line: string): void {
    if (this.output.writableLength > MAX_WAITING_BYTES) {
      this.#leftOut += 1;
      return;
    }
    this.flush();
    this.output.write(line);
  }

  /** Tells how many lines were left out since it last did. */
  flush(): void {
    if (this.#leftOut === 0) return;
    this.output.write(this.noteOf(this.#leftOut));
    this.#leftOut = 0;
  }
}
