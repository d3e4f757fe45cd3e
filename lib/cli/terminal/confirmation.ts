import { createInterface } from 'node:readline/promises';
import { UsageError } from '../exit-code.js';
import type { Input, Output } from '../surroundings.js';
import type { Interruption } from './interruption.js';

/** Parts of a command that asks. */
export interface Questioner {
  readonly input: Input;
  readonly errors: Output;
  readonly interruption: Interruption;
}

/** Returns true where there is a terminal to ask on. */
export function canConfirm({ input, errors }: Questioner): boolean {
  return input.isTTY === true && errors.isTTY === true;
}

/**
 * Asks on the terminal. Resolves with true for `y` and `yes` only, with false at Ctrl-C, too.
 * @param without what to do where there is no terminal, for the error
 * @throws UsageError where there is no terminal to ask on
 */
export async function confirmed(question: string, without: string, command: Questioner): Promise<boolean> {
  if (!canConfirm(command)) throw new UsageError(without);
  const { input, errors: output, interruption } = command;
  const { signal } = interruption;
  const prompt = createInterface({ input, output });
  // Ctrl-C is a key on a terminal whose line is edited. Ctrl-D closes the prompt without an answer.
  prompt.once('SIGINT', () => interruption.interrupt('SIGINT'));
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
