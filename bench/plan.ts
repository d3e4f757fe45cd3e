/** Number and length of rounds. Times are in seconds. Many short rounds drift less than a few long ones. */
export const FULL = {
  mode: 'full' as 'quick' | 'full',
  /** Times for each peer and round. `sequential` is with one call at a time. */
  calls: { rounds: 7, warmUp: 3, sequential: 1, loaded: 2.2, inFlight: 100 },
  /** Calls with records of each size in turn, then with one text, with up to `bytesInFlight`. */
  payload: {
    rounds: 9,
    seconds: 0.7,
    sizes: [200, 1000, 10_000, 100_000, 1_000_000],
    textBytes: 100_000,
    bytesInFlight: 2_000_000,
  },
  /** Small and large calls in a second. */
  beside: { rounds: 5, seconds: 4, ratePerSecond: 200, largePerSecond: 5, largeBytes: 1_000_000 },
  /** `seconds` to publish; consuming takes about as long. `soak` notifications for a listener of batches. */
  notifications: { rounds: 9, warmUp: 2, seconds: 1, soak: 100_000 },
  /** `rates` are parts of the highest rate of bare amqplib. */
  sweeps: {
    seconds: 0.8,
    inFlight: [1, 3, 10, 30, 100, 300, 1000],
    bytes: [100, 1000, 10_000, 100_000, 1_000_000],
    rates: [0.1, 0.25, 0.5, 0.75, 0.9],
    pending: [0, 1000, 2000, 5000, 10_000],
  },
  /** Warms up by calls instead of seconds, so that a busy machine compiles as much code as a quiet one. */
  scale: { rounds: 5, seconds: 1.5, warmUpCalls: 50_000, topicsWarmUpCalls: 100_000, callsInARow: 1_000_000 },
  processes: { servers: 8, clients: 4, rounds: 3, seconds: 2 },
  /** `capacitySeconds` warm up, and as many measure the capacity. */
  overload: { seconds: 60, capacitySeconds: 3 },
  memory: { rounds: 4 },
  /** Warms up by calls: what watches a call is the larger part of the code to compile. */
  observability: { rounds: 15, loaded: 1, warmUpCalls: 50_000 },
  /** Many short rounds: the explorer costs less than the speed of a machine drifts in a second. */
  explorer: { rounds: 25, loaded: 0.4, memoryLoaded: 0.15, warmUpCalls: 20_000 },
  cluster: { rounds: 3, sequential: 1.5, loaded: 1.5 },
  /** `processes` of one service each, then `services` in fewer processes, which the broker cannot tell from as many. */
  fleet: { processes: [10, 20, 40], services: 200, servicesPerProcess: 20, idleSeconds: 15 },
  /** `seconds` with and without the profiler. */
  profile: { seconds: 10 },
  runtimes: { rounds: 4 },
  /** Times for each version of Node.js, peer and round. */
  floors: { rounds: 7, sequential: 0.7, loaded: 0.9 },
  start: { rounds: 7 },
};

export type Plan = typeof FULL;

export const QUICK: Plan = {
  mode: 'quick',
  calls: { rounds: 5, warmUp: 1.2, sequential: 0.4, loaded: 0.6, inFlight: 100 },
  payload: { ...FULL.payload, rounds: 3, seconds: 0.4 },
  beside: { ...FULL.beside, rounds: 2, seconds: 2 },
  notifications: { rounds: 3, warmUp: 0.8, seconds: 0.4, soak: 0 },
  sweeps: {
    seconds: 0.3,
    inFlight: [1, 10, 100, 1000],
    bytes: [100, 10_000, 1_000_000],
    rates: [0.25, 0.75],
    pending: [0, 1000, 10_000],
  },
  scale: { rounds: 2, seconds: 0.6, warmUpCalls: 10_000, topicsWarmUpCalls: 10_000, callsInARow: 50_000 },
  processes: { servers: 8, clients: 4, rounds: 1, seconds: 1 },
  overload: { seconds: 10, capacitySeconds: 1.5 },
  memory: { rounds: 3 },
  observability: { rounds: 9, loaded: 0.5, warmUpCalls: 10_000 },
  explorer: { rounds: 11, loaded: 0.3, memoryLoaded: 0.2, warmUpCalls: 10_000 },
  cluster: { rounds: 1, sequential: 0.6, loaded: 0.6 },
  fleet: { processes: [5, 10], services: 60, servicesPerProcess: 15, idleSeconds: 2 },
  profile: { seconds: 2 },
  runtimes: { rounds: 2 },
  floors: { rounds: 5, sequential: 0.4, loaded: 0.6 },
  start: { rounds: 3 },
};

/** The shortest plan that can tell a ratio from noise. */
export const CHECK: Plan = {
  ...QUICK,
  calls: { ...FULL.calls, warmUp: 2, sequential: 0.8, loaded: 1 },
  payload: { ...FULL.payload, rounds: 5 },
  notifications: { ...FULL.notifications, rounds: 7, seconds: 0.6, soak: 0 },
};
