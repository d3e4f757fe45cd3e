import { parseJson } from '../../internal.js';
import { UsageError } from '../exit-code.js';

/**
 * Parses JSON that a user has given.
 * @param what its place, for the error
 * @throws UsageError that does not quote the text: it may hold a token
 */
export function parseGivenJson(text: string, what: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError)
      throw new UsageError(`${what}: expected JSON: ${withoutQuotation(error.message)}`);
    throw error;
  }
}

/** Removes the excerpt of the input from a message of JSON.parse. */
function withoutQuotation(message: string): string {
  return message.replace(/(?:, )?(?:\.\.\.)?".*$/s, '');
}
