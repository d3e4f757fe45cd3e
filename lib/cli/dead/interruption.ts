const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Exit code of a command that Ctrl+C has ended, as shells use it. */
export const INTERRUPTED = 130;

/** Runs the work with a signal that aborts on Ctrl+C, so that messages in hand return to their queue. A second one kills. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => {
    for (const signal of SIGNALS) process.off(signal, abort);
    controller.abort(new Error('interrupted'));
    process.exitCode = INTERRUPTED;
  };
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}
