import { toMilliseconds } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import type { LatencyFigures } from './latency-histogram.js';

const LATENCIES: readonly string[] = [
  'min',
  'mean',
  'p50',
  'p90',
  'p95',
  'p99',
  'p99.9',
  'max',
] satisfies (keyof LatencyFigures)[];

const OPERATORS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** Figures that thresholds are about. */
interface Figures {
  readonly latency: LatencyFigures | null;
  readonly requests: { readonly sent: number; readonly failed: number; readonly notSent: number };
  readonly throughput: number;
}

/** Threshold that a load must keep. */
export interface Check {
  /** Its text on the command line. */
  readonly text: string;
  /** Returns the value in question; NaN where nothing was measured. */
  readonly valueOf: (figures: Figures) => number;
  /** Returns true for a value that keeps the threshold. */
  readonly holds: (value: number) => boolean;
}

/** Outcome of a {@link Check}. */
export interface CheckResult {
  readonly check: string;
  /** Value, in milliseconds for a latency; null where nothing was measured. */
  readonly value: number | null;
  readonly passed: boolean;
}

/** Reads a threshold, such as `p99<50ms`, `errors<1%` or `rate>1000`. @throws UsageError */
export function readCheck(text: string): Check {
  const [, name = '', operator = '', bound = ''] = /^\s*([a-z0-9.]+)\s*(<=|>=|<|>)\s*(\S+)\s*$/.exec(text) ?? [];
  const compare = OPERATORS[operator];
  const limit = limitOf(name, bound);
  if (compare === undefined || limit === undefined)
    throw new UsageError(
      `--check: expected a latency with a unit (p99<50ms; ${LATENCIES.join(', ')}), errors<1%, errors<=0, unsent<=0 or rate>1000; got "${text.slice(0, 60)}"`,
    );
  return { text: text.trim(), valueOf: limit.valueOf, holds: (value) => compare(value, limit.bound) };
}

/** Returns the outcome of a check. A value that was not measured keeps no threshold. */
export function evaluate(check: Check, figures: Figures): CheckResult {
  const value = check.valueOf(figures);
  return { check: check.text, value: Number.isNaN(value) ? null : value, passed: check.holds(value) };
}

interface Limit {
  readonly bound: number;
  readonly valueOf: Check['valueOf'];
}

function limitOf(name: string, bound: string): Limit | undefined {
  if (LATENCIES.includes(name)) {
    // Without a unit it would be seconds, which nobody means by p99<50.
    const limit = /^\d+(\.\d+)?(ms|s|m)$/.test(bound) ? toMilliseconds(bound, '--check') : undefined;
    if (limit === undefined) return undefined;
    return { bound: limit, valueOf: ({ latency }) => latency?.[name as keyof LatencyFigures] ?? Number.NaN };
  }
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(bound) ?? [];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  if (name === 'errors' && percent)
    return { bound: number / 100, valueOf: ({ requests: { failed, sent } }) => failed / sent };
  if (percent) return undefined;
  if (name === 'errors') return { bound: number, valueOf: ({ requests }) => requests.failed };
  if (name === 'unsent') return { bound: number, valueOf: ({ requests }) => requests.notSent };
  if (name === 'rate') return { bound: number, valueOf: ({ throughput }) => throughput };
  return undefined;
}
