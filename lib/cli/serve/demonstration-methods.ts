import { setTimeout as sleep } from 'node:timers/promises';
import type { Dict } from '../../internal.js';
import { EXCEPTIONS, exception } from './demonstration-errors.js';

/** Method of the demonstration server. */
export interface DemonstrationMethod {
  /** JSON Schema of the object of all arguments; without `properties`, any arguments are accepted. */
  readonly args: {
    readonly type: 'object';
    readonly properties?: Readonly<Record<string, object>>;
    readonly required?: readonly string[];
  };
  /** JSON Schema of the result. */
  readonly result: object;
  /** @param signal aborted when the caller is gone, its deadline has passed, or the server ends */
  run(args: Dict, signal: AbortSignal): unknown;
}

/** Longest sleep, in seconds. */
const MAX_SLEEP = 3600;
/** Largest text of `payload`, in characters. */
const MAX_PAYLOAD = 8 * 2 ** 20;

const number = { type: 'number' };
const object = (properties: Record<string, object>, ...required: string[]) =>
  ({ type: 'object', properties, required }) as const;

/** Methods that hold no state, by name. */
export const DEMONSTRATION_METHODS: Readonly<Record<string, DemonstrationMethod>> = {
  echo: {
    args: { type: 'object' },
    result: { type: 'object' },
    run: (args) => args,
  },
  add: {
    args: object({ a: number, b: number }, 'a', 'b'),
    result: number,
    run: (args) => {
      const [a, b] = [numeric(args, 'a'), numeric(args, 'b')];
      return typeof a === 'number' && typeof b === 'number' ? a + b : wholeOf(a) + wholeOf(b);
    },
  },
  divide: {
    args: object({ a: number, b: number }, 'a', 'b'),
    result: number,
    run: (args) => {
      const [a, b] = [Number(numeric(args, 'a')), Number(numeric(args, 'b'))];
      if (b === 0) throw exception('ZeroDivisionError', 'division by zero');
      return a / b;
    },
  },
  sleep: {
    args: object({ seconds: { type: 'number', minimum: 0, maximum: MAX_SLEEP } }, 'seconds'),
    result: number,
    run: async (args, signal) => {
      const seconds = within(args, 'seconds', MAX_SLEEP);
      await sleep(seconds * 1000, undefined, { signal });
      return seconds;
    },
  },
  fail: {
    args: object({ message: { type: 'string' }, error: { enum: Object.keys(EXCEPTIONS) } }),
    result: { type: 'null' },
    run: ({ message = 'it was asked to fail', error = 'RuntimeError' }) => {
      if (typeof error !== 'string' || !Object.hasOwn(EXCEPTIONS, error))
        throw exception('ValueError', `error: expected one of ${Object.keys(EXCEPTIONS).join(', ')}`);
      throw exception(error, String(message));
    },
  },
  payload: {
    args: object({ size: { type: 'integer', minimum: 0, maximum: MAX_PAYLOAD } }, 'size'),
    result: { type: 'string' },
    run: (args) => 'x'.repeat(within(args, 'size', MAX_PAYLOAD)),
  },
};

/** @throws Python's TypeError for any other value */
function numeric(args: Dict, name: string): number | bigint {
  const value = args[name];
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  throw exception('TypeError', `${name}: expected a number; got ${JSON.stringify(value)?.slice(0, 100)}`);
}

/** @throws Python's ValueError beyond 0 to `max` */
function within(args: Dict, name: string, max: number): number {
  const value = Number(numeric(args, name));
  if (value >= 0 && value <= max) return value;
  throw exception('ValueError', `${name}: expected 0 to ${max}; got ${value}`);
}

/** @throws Python's TypeError for a fraction beside an integer beyond 2^53 */
function wholeOf(value: number | bigint): bigint {
  if (typeof value === 'bigint' || Number.isInteger(value)) return BigInt(value);
  throw exception('TypeError', `expected integers beside one beyond 2^53; got ${value}`);
}
