import type { Counters } from '../core/counters.js';
import type { Settings } from '../core/settings.js';

/** Settings and counters of one transport, as its driver hands them to its parts. */
export interface DriverContext {
  readonly settings: Settings;
  readonly counters: Counters;
}
