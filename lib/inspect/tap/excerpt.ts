import { isSecretName, oneLine, type SecretValues } from '../../internal.js';
import { excerpt } from '../excerpt.js';

const BOUNDS = { values: 60, items: 60, depth: 6 };
/** Maximum length of a text that is searched for secrets, in characters. */
const MAX_SEARCHED = 8192;

/** Returns the beginning of a text for one line, with secrets masked. Takes bounded time. */
export function excerptOfText(text: string, secrets: SecretValues, length: number): string {
  const start = text.slice(0, MAX_SEARCHED);
  // A secret that begins here may end beyond the searched part, where its pattern does not match.
  if (text.length > MAX_SEARCHED && isSecretName(start)) return `(${text.length} characters, which name a secret)`;
  return oneLine(secrets.mask(start, Number.POSITIVE_INFINITY), length);
}

/**
 * Returns the beginning of a value: a copy with at most about `length` characters of text, with secrets masked. `…` stands for
 * what is left out. Takes bounded time.
 */
export function excerptOf(value: unknown, secrets: SecretValues, length: number): unknown {
  let left = length;
  return excerpt(value, BOUNDS, {
    text: (one) => {
      const shown = excerptOfText(one, secrets, Math.max(left, 1));
      left -= shown.length;
      return shown;
    },
    spend: (characters) => {
      left -= characters;
    },
    isFull: () => left <= 0,
  });
}
