import { type InspectOptions, inspect } from 'node:util';

/** Keys whose values are nobody's business: `auth_token`, `service_token`, `auth_token_info`, `admin_password` … */
const SECRET = /token|passw|secret|credential/i;
const MASK = '***';
/** Nobody reads further than this in a log, and what refers to itself must end somewhere. */
const DEEPEST = 8;

/** A copy with every secret masked, however deep it is. */
export function maskSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET.test(key) && item ? MASK : maskSecrets(item, depth + 1)]),
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

/** The text without the secrets that these values hold. */
export function withoutSecrets(text: string, values: Readonly<Record<string, unknown>>): string {
  let masked = text;
  for (const [key, value] of Object.entries(values)) {
    // A secret this short is none, and masking it would tear other words apart.
    if (SECRET.test(key) && typeof value === 'string' && value.length >= 8) masked = masked.replaceAll(value, MASK);
  }
  return masked;
}
