/** How long and how often: all times in seconds. Many short rounds drift less apart than a few long ones. */
export interface Plan {
  mode: 'quick' | 'full';
  rounds: number;
  /** Per peer, half of it sequential: the compiler has seen the hot paths, the connections' windows are open. */
  warmUp: number;
  sequential: number;
  throughput: number;
  inFlight: number;
  floodRounds: number;
  floodCalls: number;
  notificationRounds: number;
  /** For each peer and round, to publish; consuming takes about as long. */
  notificationSeconds: number;
  /** Through a listener that takes batches, while they are published; 0 is none. */
  soakNotifications: number;
}

const COMMON = { inFlight: 100, floodCalls: 5000 };

export const FULL: Plan = {
  ...COMMON,
  mode: 'full',
  rounds: 14,
  warmUp: 5,
  sequential: 1.5,
  throughput: 1.5,
  floodRounds: 5,
  notificationRounds: 14,
  notificationSeconds: 1,
  soakNotifications: 100_000,
};

export const QUICK: Plan = {
  ...COMMON,
  mode: 'quick',
  rounds: 5,
  warmUp: 1.6,
  sequential: 0.4,
  throughput: 0.7,
  floodRounds: 1,
  notificationRounds: 3,
  notificationSeconds: 0.4,
  soakNotifications: 0,
};
