import { maskPrivateKeys, maskQuoted, maskUrlPasswords } from './quoted-secrets.js';
import { isSecretName, MASK, maskAsOslo, maskOthers } from './secret-names.js';

/** HTTP header. Its value ends at the end of the line, or of the quoted text. */
const HEADER =
  /((?<!\w)(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,40}(?:key|token))[ \t]{0,10}:[ \t]{0,10})[^\r\n'"]+/gi;

/**
 * Returns the text with secrets masked: in `password = x`, `"token": "x"` (in JSON texts within JSON, too), `--secret x`,
 * `<adminPass>x</adminPass>`, HTTP headers, private keys and URLs. A quoted one whose end is missing is masked up to the end.
 * @param isCut true where the end of the text was cut off, so that a URL may end within its password
 */
export function maskText(text: string, isCut = false): string {
  let masked = maskPrivateKeys(text);
  // One cheap test, because few texts contain secrets.
  if (isSecretName(masked)) masked = maskOthers(maskAsOslo(maskQuoted(masked))).replace(HEADER, `$1${MASK}`);
  return maskUrlPasswords(masked, isCut);
}
