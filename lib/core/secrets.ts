import { type InspectOptions, inspect } from 'node:util';
import { isSecretName, MASK, maskText } from './secret-names.js';

/** A value that nobody sees who only looks: no log, no `JSON.stringify`, no `util.inspect` however deep. */
export class Secret<T> {
  readonly #value: T;

  /** @param shown what is seen instead */
  constructor(
    value: T,
    readonly shown: string = MASK,
  ) {
    this.#value = value;
  }

  expose(): T {
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

/** A copy in which the values of keys that name secrets are hidden, and secrets in texts, however deep they are. */
export function maskSecrets(value: unknown, holders: readonly object[] = []): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return value;
  // Off the wire, it may be a member of that name.
  if ('toJSON' in value && typeof value.toJSON === 'function' && value.toJSON !== maskInJson) return value;
  if (holders.includes(value)) return '[circular]';
  const within = [...holders, value];
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, within));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecretName(key) && item ? MASK : maskSecrets(item, within)]),
  );
}

/** True while a message is being written, which has to hold the secrets. */
let exposing = false;

const masking: PropertyDescriptor = {
  value(this: object, _depth: number, options: InspectOptions): string {
    return inspect(maskSecrets(this), options);
  },
};

/** The `toJSON` of objects that mask their own secrets. It is also their mark: a set of them would cost each request more. */
function maskInJson(this: object): unknown {
  return exposing ? { ...this } : maskSecrets(this);
}

const maskingInJson: PropertyDescriptor = { value: maskInJson };

/** Makes `util.inspect`, hence `console.log`, mask the secrets of this object. To all else it stays what it was. */
export function inspectMasked<T extends object>(values: T): T {
  return Object.defineProperty(values, inspect.custom, masking);
}

/** The same, and `JSON.stringify`; messages hold it as it is. */
export function viewMasked<T extends object>(values: T): T {
  inspectMasked(values);
  return Object.hasOwn(values, 'toJSON') ? values : Object.defineProperty(values, 'toJSON', maskingInJson);
}

/** Has `JSON.stringify` mask nothing, or mask again. @returns how it was before */
export function exposeSecrets(on: boolean): boolean {
  const before = exposing;
  exposing = on;
  return before;
}

/** The text without the secrets that these values hold, however deep they are, and without those that it names itself. */
export function withoutSecrets(text: string, values: object): string {
  return maskText(withoutValues(text, values, false));
}

function withoutValues(text: string, values: object, isSecret: boolean): string {
  let left = text;
  for (const [key, value] of Object.entries(values)) {
    const secret = isSecret || isSecretName(key);
    if (typeof value === 'object' && value !== null) left = withoutValues(left, value, secret);
    // A secret this short is none, and masking it would tear other words apart.
    else if (secret && typeof value === 'string' && value.length >= 8) left = left.replaceAll(value, MASK);
  }
  return left;
}
