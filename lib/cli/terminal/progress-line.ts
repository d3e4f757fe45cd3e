import type { Output } from '../surroundings.js';

/** Returns to the start of the line and clears it, as terminals do. */
const CLEAR = '\r\u001b[K';

/** Standard error of a command. */
export type ProgressStream = Pick<Output, 'isTTY' | 'columns' | 'write'>;

/** One line on a terminal about work that lasts. Writes nothing where standard error is no terminal. */
export class ProgressLine {
  private isShown = false;

  constructor(private readonly stream: ProgressStream) {}

  /** Shows a text in place of the last one. */
  show(text: string): void {
    if (!this.stream.isTTY) return;
    // A longer one would leave a second line.
    this.stream.write(`${this.isShown ? CLEAR : ''}${text.slice(0, (this.stream.columns || 80) - 1)}`);
    this.isShown = true;
  }

  /** Removes the line. */
  clear(): void {
    if (this.isShown) this.stream.write(CLEAR);
    this.isShown = false;
  }
}

/** Shows a line while work lasts, and removes it at the end. */
export async function whileShowing<T>(stream: ProgressStream, text: string, work: () => Promise<T>): Promise<T> {
  const line = new ProgressLine(stream);
  line.show(text);
  try {
    return await work();
  } finally {
    line.clear();
  }
}

/** Returns the line for a question to servers. @param timeout in seconds */
export function asking(servers: string, timeout: number): string {
  return `Asking ${servers}, up to ${Number(timeout.toPrecision(2))} s …`;
}
