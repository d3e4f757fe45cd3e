import { Durations } from './durations.js';
import type { TapDurations, TappedMethod } from './tap-summary.js';

/** Maximum number of methods that are counted apart: their names come from the wire. */
const MAX_METHODS = 200;
const OTHERS = '(others)';

interface Method {
  calls: number;
  casts: number;
  errors: number;
  timeouts: number;
  readonly durations: Durations;
}

type Counted = 'calls' | 'casts' | 'errors' | 'timeouts';

/** Counts of requests by method, and their durations. */
export class MethodCounts {
  private readonly methods = new Map<string, Method>();
  private readonly all = new Durations();

  /** @param method name as it is shown */
  count(method: string, what: Counted): void {
    this.of(method)[what]++;
  }

  record(method: string, durationMs: number): void {
    this.of(method).durations.record(durationMs);
    this.all.record(durationMs);
  }

  /** Returns the durations of all methods. */
  durations(): TapDurations | undefined {
    return this.all.summary();
  }

  /** Returns the methods with most requests first. */
  summary(): TappedMethod[] {
    return [...this.methods]
      .map(([method, { durations, ...counts }]) => ({ method, ...counts, durations: durations.summary() }))
      .sort((one, other) => other.calls + other.casts - one.calls - one.casts);
  }

  private of(name: string): Method {
    const known = this.methods.get(name);
    if (known) return known;
    const method = this.methods.size < MAX_METHODS ? name : OTHERS;
    const counts = this.methods.get(method) ?? {
      calls: 0,
      casts: 0,
      errors: 0,
      timeouts: 0,
      durations: new Durations(),
    };
    this.methods.set(method, counts);
    return counts;
  }
}
