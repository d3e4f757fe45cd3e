import { createInterface } from 'node:readline/promises';
import { UsageError } from '../exit-code.js';

/**
 * Asks on a terminal whether to go on.
 * @param what servers that would be loaded
 * @throws UsageError without a terminal, and for any answer but yes
 */
export async function confirmLoad(what: string, signal: AbortSignal): Promise<void> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) throw new UsageError(`${what}. Give --yes to load them`);
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(`${what}. Load them? [y/N] `, { signal });
    if (/^\s*y(es)?\s*$/i.test(answer)) return;
  } catch (error) {
    // Ctrl-C answers the question, too.
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  } finally {
    lines.close();
  }
  throw new UsageError('not confirmed; nothing was sent');
}
