import { type Duration, readDuration, toMilliseconds } from './duration.js';
import { ConfigurationError } from './errors.js';
import { nameOf } from './given.js';
import { stringifyJson } from './json.js';
import { type LogSink, oneLine } from './logger.js';
import { isSecretName } from './secret-names.js';

/** Returns the allowed values for an error message, or undefined for a valid value. */
export type Rule = (value: unknown, name: string) => string | undefined;

/** Accepts a boolean. */
export const flag: Rule = (value) => (typeof value === 'boolean' ? undefined : 'true or false');
/** Accepts a non-empty string. */
export const text: Rule = (value) => (typeof value === 'string' && value !== '' ? undefined : 'a non-empty string');
/** Accepts a URL of HTTP or HTTPS. */
export const httpUrl: Rule = (value) =>
  typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value) && !/%(?![\da-f]{2})/i.test(value)
    ? undefined
    : 'a URL that begins with http:// or https://';
/** Accepts an object. */
export const object: Rule = (value) => (typeof value === 'object' && value !== null ? undefined : 'an object');

/** Accepts an object with these methods. @param kind name of such an object */
export const withMethods =
  (kind: string, methods: readonly string[]): Rule =>
  (value, name) => {
    const has = (method: string) => typeof Reflect.get(value as object, method) === 'function';
    return object(value, name) || !methods.every(has)
      ? `${kind}: an object with the methods ${methods.join(', ')}`
      : undefined;
  };

/** Accepts an array of non-empty strings. */
export const list: Rule = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
    ? undefined
    : 'an array of non-empty strings';

/** Accepts a duration. @throws ConfigurationError for other values: its message is better than that of a rule */
export const span: Rule = (value, name) => {
  toMilliseconds(value as number, name);
  return undefined;
};

/** Accepts a duration within these bounds. */
export const spanBetween = (min: Duration, max: Duration): Rule => {
  const between: Rule = (value, name) => {
    const milliseconds = uncut(value as Duration, name);
    return milliseconds >= uncut(min) && milliseconds <= uncut(max)
      ? undefined
      : `a duration from ${inUnits(min)} to ${inUnits(max)}`;
  };
  spans.add(between);
  return between;
};

const uncut = (duration: Duration, name?: string) => toMilliseconds(duration, name, Number.POSITIVE_INFINITY);

/** Rules of durations. */
const spans = new WeakSet<Rule>([span]);

/** Returns true for the rule of a duration. */
export const takesDuration = (rule: Rule): boolean => spans.has(rule);

/** Logs a warning for each duration that looks like milliseconds. The options must be checked already. */
export function adviseOnDurations(
  options: object | undefined,
  rules: Record<string, Rule>,
  prefix: string,
  logger: LogSink,
): void {
  for (const [name, value] of Object.entries(options ?? {})) {
    const rule = value === undefined ? undefined : rules[name];
    if (rule && takesDuration(rule)) readDuration(value as Duration, `${prefix}${name}`, logger);
  }
}

const inUnits = (duration: Duration) => (typeof duration === 'number' ? `${duration}s` : duration);

/** Accepts a part of the name of a queue. */
export const word: Rule = (value) =>
  typeof value === 'string' && /^[\w.@-]{1,100}$/.test(value)
    ? undefined
    : '1 to 100 letters, digits, dots, hyphens, underscores or @';

/** Accepts one of these texts. */
export const member =
  (...allowed: string[]): Rule =>
  (value) =>
    allowed.includes(value as string) ? undefined : `one of ${allowed.join(', ')}`;

/** Accepts a value that the rule accepts, or an array of such values. */
export const oneOrMore =
  (rule: Rule): Rule =>
  (value, name) => {
    const wrong = (Array.isArray(value) ? value : [value]).map((item: unknown) => rule(item, name)).find(Boolean);
    return wrong && `${wrong}, or an array of such`;
  };

/** Accepts one of these texts in upper or lower case. */
export const memberInAnyCase =
  (...allowed: string[]): Rule =>
  (value) =>
    typeof value === 'string' && allowed.some((one) => one.toLowerCase() === value.toLowerCase())
      ? undefined
      : `one of ${allowed.join(', ')}`;

/** Accepts an integer within these bounds. */
export const natural =
  (min: number, max = Number.MAX_SAFE_INTEGER): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `an integer from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ''}`;

/** Accepts an object of options with these rules. */
export const nested = (rules: Record<string, Rule>): Rule => {
  const rule: Rule = (value, name) => {
    if (object(value, name)) return 'an object';
    checkOptions(value as object, rules, `${name}.`);
    return undefined;
  };
  nestedNames.set(rule, Object.keys(rules));
  return rule;
};

/** Names of nested options by the rule of their parent, for hints. */
const nestedNames = new WeakMap<Rule, readonly string[]>();

/** Checks a number of retries. @throws ConfigurationError unless it is absent, −1, 0 or a positive integer */
export function checkRetry(retry: number | undefined | null): void {
  if (retry !== undefined && retry !== null && (!Number.isInteger(retry) || retry < -1))
    throw new ConfigurationError(`retry: expected −1, 0 or a positive integer; got ${retry}`);
}

/**
 * Checks options. Undefined ones count as absent.
 * @throws ConfigurationError for the first unknown or invalid option
 */
export function checkOptions(options: object, rules: Record<string, Rule>, prefix: string, kind = 'option'): void {
  checkNames(options, Object.keys(rules), kind, prefix, rules);
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name];
    if (!rule) continue;
    if (value === undefined) continue;
    const expected = rule(value, `${prefix}${name}`);
    if (!expected) continue;
    throw new ConfigurationError(
      `${capitalized(kind)} "${prefix}${name}": expected ${expected}; got ${show(name, value)}`,
    );
  }
}

/**
 * Checks the names of options whose values are checked elsewhere.
 * @throws ConfigurationError for a value that is not an object, and for the first unknown name
 */
export function checkNames(
  options: object,
  known: readonly string[],
  kind: string,
  prefix = '',
  rules: Record<string, Rule> = {},
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const plural = kind.replace(/ of |$/, (end) => `s${end}`);
    throw new ConfigurationError(`${capitalized(plural)}: expected an object; got ${nameOf(options)}`);
  }
  const name = Object.keys(options).find((given) => !known.includes(given));
  if (name === undefined) return;
  const within = namesWithin(rules);
  const near = nearest(name, known) ?? nearest(name, within) ?? containing(name, [...known, ...within]);
  const hint = near ? `; did you mean "${prefix}${near}"?` : '.';
  throw new ConfigurationError(`Unknown ${kind} "${prefix}${oneLine(name, 60)}"${hint}${listed(known, kind, near)}`);
}

/** Maximum number of names that are listed beside a suggestion. */
const MAX_LISTED = 12;
/** Pages of the documentation that list the names of a kind. */
const PAGES = new Map([['transport URL parameter', 'docs/reference/rabbit-options.md']]);

/** Returns the known names for an error message, the page that lists them, or neither where a suggestion is enough. */
function listed(known: readonly string[], kind: string, near: string | undefined): string {
  const page = PAGES.get(kind);
  if (page) return ` All of them: ${page}`;
  return near === undefined || known.length <= MAX_LISTED ? ` Known: ${known.join(', ')}` : '';
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/**
 * Returns the given value for an error message, or only its type when its name or an "@" in it means that it may be a
 * secret.
 */
function show(name: string, value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value === '') return '""';
  const text = stringifyJson(value);
  if (!/url/i.test(name) && !isSecretName(name) && !text.includes('@')) return oneLine(text, 200);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

/** Returns the names of nested options with their path, e.g. `rabbit.rabbitQuorumQueue`. */
function namesWithin(rules: Record<string, Rule>): string[] {
  return Object.entries(rules).flatMap(([outer, rule]) =>
    (nestedNames.get(rule) ?? []).map((name) => `${outer}.${name}`),
  );
}

/** Returns a name without its path and underscores, in lower case. */
const plain = (name: string) => name.replace(/^.*\./, '').replaceAll('_', '').toLowerCase();

/** Returns the known name that a given one was probably meant to be. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const name = plain(given.slice(0, 60));
  const ranked = known.map((candidate) => ({ candidate, far: distance(name, plain(candidate)) }));
  const best = ranked.sort((a, b) => a.far - b.far)[0];
  return best && best.far <= Math.max(2, name.length / 3) ? best.candidate : undefined;
}

/**
 * Returns the shortest known name that contains the given one, or its singular: `prefetch` is in
 * `rabbitQosPrefetchCount`.
 */
function containing(given: string, known: readonly string[]): string | undefined {
  const part = plain(given.slice(0, 60)).replace(/s$/, '');
  if (part.length < MIN_HINT_LENGTH) return undefined;
  return known
    .filter((candidate) => plain(candidate).includes(part))
    .sort((a, b) => plain(a).length - plain(b).length)[0];
}

/** Minimum length of a name to search in others. Shorter ones are part of too many. */
const MIN_HINT_LENGTH = 5;

/** Returns the Levenshtein distance of two texts. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
