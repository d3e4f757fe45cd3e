/** Returns to the start of the line and clears it, as terminals do. */
const CLEAR = '\r\u001b[K';

/** Terminal, or a stream that is none. */
type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'write'> & { readonly columns?: number };

/** Shows a line on a terminal while work lasts, and removes it at the end. Writes nothing where standard error is no terminal. */
export async function whileShowing<T>(
  text: string,
  work: () => Promise<T>,
  stream: Stream = process.stderr,
): Promise<T> {
  if (!stream.isTTY) return work();
  // A longer one would leave a second line.
  stream.write(text.slice(0, (stream.columns || 80) - 1));
  try {
    return await work();
  } finally {
    stream.write(CLEAR);
  }
}

/** Returns the line for a question to servers. @param timeout in seconds */
export function asking(servers: string, timeout: number): string {
  return `Asking ${servers}, up to ${Number(timeout.toPrecision(2))} s …`;
}
