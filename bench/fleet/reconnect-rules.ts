import type { FleetPeer } from './fleet.js';
import type { ReconnectRule } from './storm-simulation.js';

/** Longest pause of this library after a loss, in milliseconds. `kombuReconnectSplay` is another one. */
const SPREAD_MS = 250;

/** Rules of the libraries with their default options. */
export const RULES: Readonly<Record<FleetPeer, ReconnectRule>> = {
  oslo: spreadRule(SPREAD_MS),
  // kombu_reconnect_delay of 1 s, and kombu's interval. Nothing is random.
  'oslo-python': {
    atLoss: () => 2000,
    afterFailure: (failures) => 1000 + Math.min(31_000, 1000 + 2000 * (failures - 1)),
    timeout: () => 30_000,
  },
};

/**
 * Returns the rule of this library.
 * @param spread longest pause after a loss, in milliseconds
 */
export function spreadRule(spread: number): ReconnectRule {
  return {
    atLoss: (random) => random() * spread,
    afterFailure: (failures, random) => Math.min(3000, 1000 + 2000 * (failures - 1)) * (0.25 + 0.75 * random()),
    timeout: (late) => 5000 * Math.min(2 ** late, 4),
  };
}
