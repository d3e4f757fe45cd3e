/** Text that is shown instead of a secret. */
export const MASK = '***';

/**
 * Names of secrets in oslo. Their order matters: each key is applied to the result of the one before. Source:
 * oslo_utils.strutils.
 */
const OSLO = [
  ...['adminpass', 'admin_pass', 'password', 'admin_password', 'auth_token', 'new_pass', 'auth_password'],
  ...['secret_uuid', 'secret', 'sys_pswd', 'token', 'configdrive', 'chappassword', 'encrypted_key', 'private_key'],
  ...['fernetkey', 'sslkey', 'passphrase', 'cephclusterfsid', 'octaviaheartbeatkey', 'rabbitcookie'],
  ...['cephmanilaclientkey', 'pacemakerremoteauthkey', 'designaterndckey', 'cephadminkey', 'heatauthencryptionkey'],
  ...['cephclientkey', 'keystonecredential', 'barbicansimplecryptokek', 'cephrgwkey', 'swifthashsuffix'],
  ...['migrationsshkey', 'cephmdskey', 'cephmonkey'],
];

/**
 * Names of other secrets: of HTTP headers (which include `set-cookie`, `proxy-authorization`, `x-auth-token`),
 * osprofiler and others.
 */
const OTHERS = ['cookie', 'authorization', 'hmac_key', 'api_key', 'apikey', 'access_key', 'passwd', 'credential'];

/** Names with hyphens and in camel case, as in texts. */
const SPELLINGS = ['-', ''].flatMap((mark) =>
  [...OSLO, ...OTHERS].filter((key) => key.includes('_')).map((key) => key.replaceAll('_', mark)),
);

/** Matches a name in any of its spellings. */
const NAMES = new RegExp(`${[...OSLO, ...OTHERS].join('|').replaceAll('_', '[-_]?')}|pass([-_]|$)`, 'i');

/** Returns true when the name of a key means that its value is a secret. */
export function isSecretName(key: string): boolean {
  return NAMES.test(key);
}

/** White space of Python's regular expressions. */
const SPACE = String.raw`[\s\x1c-\x1f\x85]`;
const SOLID = String.raw`[^\s\x1c-\x1f\x85]`;
const VALUE_ALONE = String.raw`(KEY[0-9]*S*=S*)[^\s\x1c-\x1f\x85^'"]+`;
/** Patterns of a value between two texts that are kept. Source: oslo_utils.strutils._FORMAT_PATTERNS_2. */
const VALUES_BETWEEN = [
  '(KEY[0-9]*S*=S*["\'])[^"\']*(["\'])',
  '(KEY[0-9]*S*=S*")[^"]*(")',
  "(KEY[0-9]*S*=S*')[^']*(')",
  '(KEY[0-9]*S+["\'])[^"\']*(["\'])',
  String.raw`(--KEY[0-9]*S+)[^'^"^=^\s\x1c-\x1f\x85]+(S*)`,
  '(<KEY[0-9]*>)[^<]*(</KEY[0-9]*>)',
  '(["\']KEY[0-9]*["\']S*:S*["\'])[^"\']*(["\'])',
  '([\'"][^"\']*KEY[0-9]*[\'"]S*:S*u?[\'"])[^"\']*([\'"])',
  "(['\"][^'\"]*KEY[0-9]*['\"]S*,S*'--?[A-z]+'S*,S*u?['\"])[^\"']*(['\"])",
  '(KEY[0-9]*S*--?[A-z]+S*)N+(S*)',
];
/** Rest of a value with quotes inside, and one text more, which oslo removes as well. */
const REST = '([\'"][^"\']*KEY[0-9]*[\'"]S*:S*u?[\'"].*[\'"])[^"\']*([\'"])';

interface Patterns {
  readonly key: string;
  readonly between: readonly RegExp[];
  readonly alone: RegExp;
  readonly rest: RegExp;
}

const compile = (pattern: string, key: string) =>
  new RegExp(
    pattern.replace(/KEY|S|N/g, (part) => (part === 'KEY' ? key : part === 'S' ? SPACE : SOLID)),
    'gis',
  );

const patternsOf = (key: string): Patterns => ({
  key,
  between: VALUES_BETWEEN.map((pattern) => compile(pattern, key)),
  alone: compile(VALUE_ALONE, key),
  rest: compile(REST, key),
});

/** Compiled when a text first needs them. */
let oslo: readonly Patterns[] | undefined;
let others: readonly Patterns[] | undefined;

/** HTTP header. Its value ends at the end of the line, or of the quoted text. */
const HEADER =
  /((?<!\w)(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,40}(?:key|token))[ \t]{0,10}:[ \t]{0,10})[^\r\n'"]+/gi;
const URL_PASSWORD = /(:\/\/[^\s/:@'"]{0,200}:)[^\s/@'"]{1,200}(?=@)/g;

/** Value of a secret whose end is missing: a quote or `<` that closes it. */
const OPEN_VALUE = new RegExp(
  String.raw`((?:${NAMES.source})[0-9]*(?:\\{0,3}["']?\s{0,10}[:=,]?\s{0,10}u?\\{0,3}["']|>))[^"'<]+$`,
  'i',
);

/** Returns the beginning of a text with secrets masked, as {@link maskText}, and one whose end was cut off. */
export function maskBeginning(text: string): string {
  return maskText(text.replace(OPEN_VALUE, `$1${MASK}`));
}

/**
 * Returns the text with secrets masked: in `password = x`, `"token": "x"`, `--secret x`, `<adminPass>x</adminPass>`, HTTP
 * headers and URLs.
 */
export function maskText(text: string): string {
  let masked = text;
  // One cheap test, because few texts contain secrets.
  if (NAMES.test(text)) {
    others ??= [...new Set([...OTHERS, ...SPELLINGS])].map(patternsOf);
    masked = maskKeys(maskAsOslo(text), others).replace(HEADER, `$1${MASK}`);
  }
  return masked.includes('://') ? masked.replace(URL_PASSWORD, `$1${MASK}`) : masked;
}

/** Returns the text with secrets masked exactly as in Python. Source: oslo_utils.strutils.mask_password. */
export function maskAsOslo(text: string): string {
  oslo ??= OSLO.map(patternsOf);
  return maskKeys(text, oslo);
}

function maskKeys(text: string, all: readonly Patterns[]): string {
  let masked = text;
  for (const patterns of all) if (masked.toLowerCase().includes(patterns.key)) masked = maskKey(masked, patterns);
  return masked;
}

function maskKey(text: string, { between, alone, rest }: Patterns): string {
  let masked = text;
  for (const pattern of between) masked = masked.replace(pattern, `$1${MASK}$2`);
  return masked.replace(alone, `$1${MASK}`).replace(rest, '$1');
}
