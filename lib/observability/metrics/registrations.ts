import type { Registry } from 'prom-client';
import { ConfigurationError, shared } from '../../internal.js';

/** Metrics with one prefix on one registry. */
interface Registration {
  /** Returns true once they measure nothing any more. */
  readonly isOver: () => boolean;
  readonly remove: () => void;
}

const registrations = shared('prometheus registrations', () => new WeakMap<Registry, Map<string, Registration>>());

/**
 * Makes room for metrics. Those of an application that has ended stay for a last scrape or push, until another one begins.
 * @throws ConfigurationError where the registry has metrics with the prefix that are in use
 */
export function makeRoom(register: Registry, prefix: string, first: string): void {
  const known = registrations.get(register)?.get(prefix);
  if (known?.isOver()) known.remove();
  // Otherwise they may be gone because the registry was cleared.
  if (register.getSingleMetric(prefix + first) === undefined) return;
  throw new ConfigurationError(
    `The registry has metrics with the prefix "${prefix}" already. Make one prometheus() for all transports, without collectMetrics(), which it includes; or give another registry or prefix`,
  );
}

/** Remembers the metrics of a prefix. */
export function remember(register: Registry, prefix: string, registration: Registration): void {
  const ofRegister = registrations.get(register) ?? new Map<string, Registration>();
  registrations.set(register, ofRegister);
  ofRegister.set(prefix, registration);
}
