import { isSecretName, MASK, oneLine } from '../internal.js';

/** Maximum length of a text that is searched for secrets, in characters. */
const MAX_SEARCHED = 8192;

/**
 * User and password of a URL, up to the next space or quote: the text may be cut off before the `@`, and a password may contain
 * one. A port is none.
 */
const CREDENTIALS = /(:\/\/[^\s/:@'"\\]*:)(?!\d{1,5}(?:[\s'"\\,;)\]}]|[/?#][^\s'"\\@]*(?:[\s'"\\]|$)))[^\s'"\\]+/g;
/** User of a URL without a password, which may be a token. */
const USER = /(:\/\/)[^\s/:@'"\\]+(?=@)/g;

/**
 * Returns the beginning of a body that cannot be decoded, for one line. A secret in it has no end that patterns could find, so
 * that a body that names one is not shown. Takes bounded time.
 */
export function excerptOfBody(body: Buffer, length: number): string {
  const text = body.toString('utf8', 0, MAX_SEARCHED);
  if (isSecretName(text)) return '(not shown: it names a secret)';
  return oneLine(text.replace(CREDENTIALS, `$1${MASK}`).replace(USER, `$1${MASK}`), length);
}
