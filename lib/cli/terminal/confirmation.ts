import { createInterface } from 'node:readline/promises';
import { UsageError } from '../exit-code.js';

/** Returns true where there is a terminal to ask on. */
export function canConfirm(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks on the terminal. Resolves with true for `y` and `yes` only, with false at Ctrl-C, too.
 * @param without what to do where there is no terminal, for the error
 * @throws UsageError where there is no terminal to ask on
 */
export async function confirmed(question: string, without: string, signal: AbortSignal): Promise<boolean> {
  if (!canConfirm()) throw new UsageError(without);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C is a key on a terminal whose line is edited. Ctrl-D closes the prompt without an answer.
  prompt.once('SIGINT', () => process.emit('SIGINT'));
  const closed = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([prompt.question(`${question} [y/N] `, { signal }), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    prompt.close();
  }
}
