import { type InspectOptions, inspect } from 'node:util';

/** Keys whose values are nobody's business: `auth_token`, `auth_token_info`, `admin_pass`, `api_key` … */
const SECRET = /pass(word|wd|phrase)?(_|$)|token|secret|api_?key|private_?key|credential/i;
const MASK = '***';

/** A value that nobody sees who only looks: no log, no `JSON.stringify`, no `util.inspect` however deep. */
export class Concealed<T> {
  readonly #value: T;

  /** @param shown what is seen instead */
  constructor(
    value: T,
    readonly shown: string = MASK,
  ) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return this.shown;
  }

  toJSON(): string {
    return this.shown;
  }

  [inspect.custom](): string {
    return this.shown;
  }
}

/** A copy in which the values of keys that name secrets are hidden, however deep they are. */
export function maskSecrets(value: unknown, holders: readonly object[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // Off the wire, it may be a member of that name.
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  if (holders.includes(value)) return '[circular]';
  const within = [...holders, value];
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, within));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET.test(key) && item ? MASK : maskSecrets(item, within)]),
  );
}

const masking: PropertyDescriptor = {
  value(this: object, _depth: number, options: InspectOptions): string {
    return inspect(maskSecrets(this), options);
  },
};

/** Makes `util.inspect`, and hence `console.log`, mask the secrets of this object. To all else it stays what it was. */
export function inspectMasked<T extends object>(values: T): T {
  return Object.defineProperty(values, inspect.custom, masking);
}

/** The text without the secrets that these values hold, however deep they are. */
export function withoutSecrets(text: string, values: object, isSecret = false): string {
  let masked = text;
  for (const [key, value] of Object.entries(values)) {
    const secret = isSecret || SECRET.test(key);
    if (typeof value === 'object' && value !== null) masked = withoutSecrets(masked, value, secret);
    // A secret this short is none, and masking it would tear other words apart.
    else if (secret && typeof value === 'string' && value.length >= 8) masked = masked.replaceAll(value, MASK);
  }
  return masked;
}
