import { NOT_DEAD_LETTERED } from '../../inspect/index.js';
import { ConfigurationError } from '../../internal.js';

/** Returns an error's text, with advice where it refuses a message that is no dead letter. */
export function withForceAdvice(text: string): string {
  return text.includes(NOT_DEAD_LETTERED) ? `${text}, unless --force is given` : text;
}

/** Resolves with the result of a change, and its error with the advice. @throws the error of the change, with the advice */
export async function adviseForce<T extends { readonly error: string | null }>(change: Promise<T>): Promise<T> {
  try {
    const result = await change;
    return { ...result, error: result.error && withForceAdvice(result.error) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(withForceAdvice(error.message), { cause: error });
  }
}
