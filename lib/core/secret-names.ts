/** Text that is shown instead of a secret. */
export const MASK = '***';

/** Source: oslo_utils.strutils, whose order matters: what one key has masked, the next one sees. */
const OSLO = [
  ...['adminpass', 'admin_pass', 'password', 'admin_password', 'auth_token', 'new_pass', 'auth_password'],
  ...['secret_uuid', 'secret', 'sys_pswd', 'token', 'configdrive', 'chappassword', 'encrypted_key', 'private_key'],
  ...['fernetkey', 'sslkey', 'passphrase', 'cephclusterfsid', 'octaviaheartbeatkey', 'rabbitcookie'],
  ...['cephmanilaclientkey', 'pacemakerremoteauthkey', 'designaterndckey', 'cephadminkey', 'heatauthencryptionkey'],
  ...['cephclientkey', 'keystonecredential', 'barbicansimplecryptokek', 'cephrgwkey', 'swifthashsuffix'],
  ...['migrationsshkey', 'cephmdskey', 'cephmonkey'],
];

/** HTTP's (`set-cookie`, `proxy-authorization` and `x-auth-token` are among them), osprofiler's, and what others call theirs. */
const OTHERS = ['cookie', 'authorization', 'hmac_key', 'api_key', 'apikey', 'access_key', 'passwd', 'credential'];

/** The same keys with hyphens and in camel case, as texts have them. */
const SPELLINGS = ['-', ''].flatMap((mark) =>
  [...OSLO, ...OTHERS].filter((key) => key.includes('_')).map((key) => key.replaceAll('_', mark)),
);

/** Keys are spelt with hyphens, too, and in camel case. */
const NAMES = new RegExp(`${[...OSLO, ...OTHERS].join('|').replaceAll('_', '[-_]?')}|pass([-_]|$)`, 'i');

/** Tells whether the value under a key is a secret, by the key's name. */
export function isSecretName(key: string): boolean {
  return NAMES.test(key);
}

/** Python's white space. */
const SPACE = String.raw`[\s\x1c-\x1f\x85]`;
const SOLID = String.raw`[^\s\x1c-\x1f\x85]`;
const VALUE_ALONE = String.raw`(KEY[0-9]*S*=S*)[^\s\x1c-\x1f\x85^'"]+`;
/** A value between what is kept. Source: oslo_utils.strutils._FORMAT_PATTERNS_2. */
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
/** Rest of a value that has quotes within it, and one text more: oslo rather shows too little. */
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

/** Made when a text first needs them. */
let oslo: readonly Patterns[] | undefined;
let others: readonly Patterns[] | undefined;

/** A header as it is written in HTTP, whose value goes on to the end of the line, or of the text that it is in. */
const HEADER =
  /((?<!\w)(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,40}(?:key|token))[ \t]{0,10}:[ \t]{0,10})[^\r\n'"]+/gi;
const URL_PASSWORD = /(:\/\/[^\s/:@'"]{0,200}:)[^\s/@'"]{1,200}(?=@)/g;

/**
 * The text with its secrets masked: of `password = x`, `"token": "x"`, `--secret x`, `<adminPass>x</adminPass>`, HTTP's
 * headers, URLs.
 */
export function maskText(text: string): string {
  let masked = text;
  // Few texts hold any.
  if (NAMES.test(text)) {
    others ??= [...new Set([...OTHERS, ...SPELLINGS])].map(patternsOf);
    masked = maskKeys(maskAsOslo(text), others).replace(HEADER, `$1${MASK}`);
  }
  return masked.includes('://') ? masked.replace(URL_PASSWORD, `$1${MASK}`) : masked;
}

/** Just what Python makes of it. Source: oslo_utils.strutils.mask_password. */
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
