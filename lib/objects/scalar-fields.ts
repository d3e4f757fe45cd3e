import { ConfigurationError } from '../core/errors.js';
import { stringifyJson } from '../core/json.js';
import { checkOptions, type Rule } from '../core/option-rules.js';
import { type FieldSchema, FieldType } from './field-type.js';
import { isWritableTime, readIsoTime, writeIsoTime } from './iso-time.js';

/** Converts a value; returns undefined for a value that the field refuses. */
type Coerce<T> = (value: unknown) => T | undefined;

function scalar<T>(
  allowed: string,
  schema: FieldSchema,
  coerce: Coerce<T>,
  write: (value: T) => unknown = (value) => value,
): FieldType<T> {
  const toPrimitive = (value: unknown): unknown => {
    const coerced = coerce(value);
    return coerced === undefined ? undefined : write(coerced);
  };
  return FieldType.of<T>({
    allowed: () => allowed,
    read: coerce,
    write: toPrimitive,
    mark: (value) => toPrimitive(value) ?? value,
    schema: () => schema,
  });
}

/** At most 4300 digits, as in Python's int(): longer texts take too long to convert. */
const INTEGER = /^\s*[+-]?\d{1,4300}\s*$/;

function toInteger(value: unknown): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  const whole = typeof value === 'string' && INTEGER.test(value) ? BigInt(value.replace('+', '')) : value;
  if (typeof whole !== 'bigint') return undefined;
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

function toFloat(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}

function toDate(value: unknown): Date | undefined {
  const date = typeof value === 'string' ? readIsoTime(value) : value;
  return date instanceof Date && isWritableTime(date) ? date : undefined;
}

/** Makes the type of a text. Numbers are converted to text, as in Python. Source: oslo_versionedobjects.fields.String. */
export const string = (): FieldType<string> => scalar('a string', { type: 'string' }, toText);

/** Makes the type of a UUID. Accepts any text: oslo does not check it, and neither side may refuse what the other sends. Source: oslo_versionedobjects.fields.UUID. */
export const uuid = (): FieldType<string> =>
  scalar('a UUID', { type: 'string', description: 'UUID, which is not checked' }, toText);

/** Options of a field of numbers. */
export interface NumberFieldOptions {
  /** Smallest accepted number. @default no limit */
  min?: number | undefined;
}

const number: Rule = (value) => (typeof value === 'number' && !Number.isNaN(value) ? undefined : 'a number');

function numberSchema(type: 'integer' | 'number', minimum: number | undefined): FieldSchema {
  return minimum === undefined ? { type } : { type, minimum };
}

function leastOf(options: NumberFieldOptions, field: string): number | undefined {
  checkOptions(options, { min: number }, '', `fields.${field} option`);
  return options.min;
}

/**
 * Makes the type of an integer of any size: a `bigint` beyond 2^53. Source: oslo_versionedobjects.fields.Integer.
 * @param options `min`: smallest accepted number. 0 makes oslo's NonNegativeIntegerField
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export const integer = (options: NumberFieldOptions = {}): FieldType<number | bigint> => {
  const min = leastOf(options, 'integer');
  const allowed = min === undefined ? 'an integer' : `an integer of at least ${min}`;
  return scalar(allowed, numberSchema('integer', min), (value) => {
    const coerced = toInteger(value);
    return coerced === undefined || (min !== undefined && coerced < min) ? undefined : coerced;
  });
};

/**
 * Makes the type of a number. `NaN` and the infinities are read but not sent, since JSON has none. Source:
 * oslo_versionedobjects.fields.Float.
 * @param options `min`: smallest accepted number
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export const float = (options: NumberFieldOptions = {}): FieldType<number> => {
  const min = leastOf(options, 'float');
  return scalar(
    min === undefined ? 'a finite number' : `a finite number of at least ${min}`,
    numberSchema('number', min),
    (value) => {
      const coerced = toFloat(value);
      return coerced === undefined || (min !== undefined && coerced < min) ? undefined : coerced;
    },
    (value) => (Number.isFinite(value) ? value : undefined),
  );
};

/** Makes the type of a boolean. 1 and 0 are accepted. Source: oslo_versionedobjects.fields.Boolean. */
export const boolean = (): FieldType<boolean> =>
  scalar('true or false', { type: 'boolean' }, (value) => {
    if (typeof value === 'boolean') return value;
    return value === 0 || value === 1 ? value === 1 : undefined;
  });

/** Makes the type of a `Date`. It is sent in UTC and whole seconds, as oslo.versionedobjects does. Source: oslo_versionedobjects.fields.DateTime. */
export const dateTime = (): FieldType<Date> =>
  scalar('a date and time', { type: 'string', format: 'date-time' }, toDate, writeIsoTime);

/** Makes the type of one of some strings. `enum` is a word of the language. */
export const oneOf = <const T extends string>(values: readonly T[]): FieldType<T> => {
  if (!Array.isArray(values) || values.length === 0 || values.some((value) => typeof value !== 'string'))
    throw new ConfigurationError('fields.enum: expected an array of one or more strings');
  const schema = { type: 'string', enum: [...values] };
  return scalar(`one of ${values.join(', ')}`, schema, (value) => values.find((allowed) => allowed === value));
};

/** Makes the type of any JSON value, unchecked. Objects in it stay primitives. Source: oslo_versionedobjects.fields.FieldType. */
export const any = (): FieldType<unknown> =>
  FieldType.of<unknown>({
    allowed: () => 'anything',
    read: (primitive) => primitive,
    write: (value) => value,
    mark: (value) => stringifyJson(value),
    schema: () => ({}),
  });
