import { setTimeout as sleep } from 'node:timers/promises';
import { exception } from './demonstration-errors.js';

/** Faults that the demonstration server adds to each request. */
export interface Faults {
  /** Time before each method, in milliseconds. */
  readonly delay: number;
  /** Share of requests that fail, 0 to 1. */
  readonly errorRate: number;
}

/** Waits for the delay. @throws Python's RuntimeError for the share of requests that fail; the reason of the signal */
export async function rehearse({ delay, errorRate }: Faults, signal: AbortSignal): Promise<void> {
  if (delay > 0) await sleep(delay, undefined, { signal });
  if (errorRate > 0 && Math.random() < errorRate)
    throw exception('RuntimeError', 'injected by --error-rate of the demonstration server');
}
