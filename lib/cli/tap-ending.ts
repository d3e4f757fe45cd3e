const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls a function once when the user ends the command: by Ctrl-C or another signal, or by closing the pipe of its output. A
 * second signal ends the process at once. Returns the function that stops listening.
 */
export function onInterruption(end: () => void): () => void {
  const { stdout } = process;
  const stop = () => {
    for (const signal of SIGNALS) process.off(signal, ended);
    stdout.off('error', ended).off('close', ended);
  };
  const ended = () => {
    stop();
    end();
  };
  for (const signal of SIGNALS) process.once(signal, ended);
  stdout.once('error', ended).once('close', ended);
  return stop;
}
