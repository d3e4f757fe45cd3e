import { type InspectOptions, inspect } from 'node:util';
import { maskText } from './mask-text.js';
import { isSecretName, MASK } from './secret-names.js';
import { SecretValues } from './secret-values.js';
import { shared, sharedClass } from './shared.js';

/** Value that logs, `JSON.stringify` and `util.inspect` show masked, at any depth. */
@sharedClass('Secret')
export class Secret<T> {
  readonly #value: T;

  /** @param value the secret */
  constructor(
    value: T,
    /** Text that is shown instead. */
    readonly shown: string = MASK,
  ) {
    this.#value = value;
  }

  /** Returns the secret value. */
  expose(): T {
    return this.#value;
  }

  /** Former name of {@link expose}. @deprecated Use `expose()`. */
  reveal(): T {
    return this.#value;
  }

  /** Returns the text that is shown instead. */
  toString(): string {
    return this.shown;
  }

  /** Returns the text that is shown instead. */
  toJSON(): string {
    return this.shown;
  }

  /** Returns the text that is shown instead. */
  [inspect.custom](): string {
    return this.shown;
  }
}

/** Former name of {@link Secret}. @deprecated Use `Secret`. */
export type Concealed<T> = Secret<T>;

/** Returns a copy with secrets masked at any depth: values under keys that name secrets, and secrets in texts. */
export function maskSecrets(value: unknown, holders: readonly object[] = []): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return value;
  // A message from the wire may have an ordinary member of that name.
  if ('toJSON' in value && typeof value.toJSON === 'function' && value.toJSON !== maskingInJson.value) return value;
  if (holders.includes(value)) return '[circular]';
  const within = [...holders, value];
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, within));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecretName(key) && item ? MASK : maskSecrets(item, within)]),
  );
}

/** State of masking. `exposing` is true while a message is encoded, which must contain the secrets. */
const state = shared('masking', () => ({ exposing: false }));

const masking: PropertyDescriptor = {
  value(this: object, _depth: number, options: InspectOptions): string {
    return inspect(maskSecrets(this), options);
  },
};

/** `toJSON` of objects that mask their own secrets. It also identifies them, because a WeakSet would be slower. */
function maskInJson(this: object): unknown {
  return state.exposing ? { ...this } : maskSecrets(this);
}

const maskingInJson = shared('masking in JSON', (): PropertyDescriptor => ({ value: maskInJson }));

/** Makes `util.inspect`, and so `console.log`, mask the secrets of this object. */
export function inspectMasked<T extends object>(values: T): T {
  return Object.defineProperty(values, inspect.custom, masking);
}

/** Makes `util.inspect` and `JSON.stringify` mask the secrets of this object. Encoded messages contain them. */
export function viewMasked<T extends object>(values: T): T {
  inspectMasked(values);
  return Object.hasOwn(values, 'toJSON') ? values : Object.defineProperty(values, 'toJSON', maskingInJson);
}

/** Turns masking by `JSON.stringify` off or on. Returns the previous value. @param on true to expose secrets */
export function exposeSecrets(on: boolean): boolean {
  const before = state.exposing;
  state.exposing = on;
  return before;
}

/**
 * Returns the text with secrets masked: those in the values, at any depth, and those that the text names itself.
 * @param max maximum length of the text, in characters. The rest is cut off. Default: no maximum
 */
export function withoutSecrets(text: string, values: object, max: number = Number.POSITIVE_INFINITY): string {
  return new SecretValues(values).mask(text, max);
}
