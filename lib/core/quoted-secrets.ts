import { isSecretName, MASK } from './secret-names.js';

/**
 * Name of a member of JSON, or of a dict in Python, and the quote that begins its value. Within a JSON text in another one,
 * backslashes stand before the quotes; more of them at each depth, here up to six.
 */
const MEMBER = /(?<!\\)(\\{0,63})(["'])([^"'\\]{1,200})\1\2\s{0,20}:\s{0,20}[ubr]?(\\{0,63})(["'])/gi;
/** Name and opening quote of a value outside of JSON. */
const OPENED = /([\w-]{1,100})[\s=]{1,40}["']$/;
const OPENED_TAG = /<([^<>\s]{1,200})>$/;
/** Length of the text before a value in which its name is looked for, in characters. */
const BEFORE = 250;
/** Block of a private key. Where its end is missing, the rest of the text belongs to it. */
const PRIVATE_KEY =
  /(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)[\s\S]*?(-----END [A-Z0-9 ]{0,40}PRIVATE KEY|$)/g;
/** The part of a URL that contains a password. */
const AUTHORITY = /(:\/\/)([^\s/'"]*)/g;
/** Passwords in it: a transport URL has one for each of its hosts. */
const PASSWORDS = /(^|,)([^,:@]*):[^@]*@(?:[^,@]*@)*/g;
/** Length from which the end of a cut text is taken for the beginning of a URL's password: a port is shorter. */
const CUT_PASSWORD = 100;

/** Returns the text with the values of quoted names of secrets masked: in JSON, within JSON texts in JSON, too, and up to the end of a cut text. */
export function maskQuoted(text: string): string {
  let shown = '';
  let from = 0;
  MEMBER.lastIndex = 0;
  for (let found = MEMBER.exec(text); found; found = MEMBER.exec(text)) {
    const [whole, , , name = '', { length: depth } = '', quote = ''] = found;
    const begin = found.index + whole.length;
    if (!isSecretName(name)) {
      // The value may contain JSON.
      MEMBER.lastIndex = begin;
      continue;
    }
    const end = endOf(text, begin, depth, quote);
    shown += text.slice(from, begin) + MASK;
    from = end;
    MEMBER.lastIndex = end;
  }
  return maskOpened(shown + text.slice(from));
}

/** Returns the index of the end of a quoted text: its quote, with the backslashes before it. That of a text around it ends it, too. */
function endOf(text: string, begin: number, depth: number, quote: string): number {
  for (let at = text.indexOf(quote, begin); at >= 0; at = text.indexOf(quote, at + 1)) {
    let first = at;
    while (first > begin && text[first - 1] === '\\') first--;
    const escapes = at - first;
    if (escapes <= depth) return first;
    if (escapes % (2 * depth + 2) === depth) return at - depth;
  }
  return text.length;
}

/** Masks the value at the end of a text, where its end is missing. */
function maskOpened(text: string): string {
  for (const [mark, opening] of [
    ['"', OPENED],
    ["'", OPENED],
    ['>', OPENED_TAG],
  ] as const) {
    const at = text.lastIndexOf(mark) + 1;
    if (at === 0 || at === text.length || (mark === '>' && text.includes('<', at))) continue;
    const name = opening.exec(text.slice(Math.max(0, at - BEFORE), at))?.[1];
    if (name !== undefined && isSecretName(name)) return text.slice(0, at) + MASK;
  }
  return text;
}

/** Returns the text with private keys in PEM masked. */
export function maskPrivateKeys(text: string): string {
  return text.includes('PRIVATE KEY') ? text.replace(PRIVATE_KEY, `$1${MASK}$2`) : text;
}

/** Returns the text with the passwords of URLs masked. @param isCut true where the end of the text may be missing */
export function maskUrlPasswords(text: string, isCut: boolean): string {
  if (!text.includes('://')) return text;
  return text.replace(AUTHORITY, (whole, begin: string, authority: string, at: number) => {
    const end = authority.lastIndexOf('@') + 1;
    const rest = authority.slice(end);
    const colon = rest.indexOf(':');
    const isOpen = isCut && at + whole.length === text.length && colon >= 0 && rest.length - colon > CUT_PASSWORD;
    return `${begin}${authority.slice(0, end).replace(PASSWORDS, `$1$2:${MASK}@`)}${isOpen ? `${rest.slice(0, colon)}:${MASK}` : rest}`;
  });
}
