import type { Broker } from './broker.js';
import type { PeerName } from './peer.js';
import type { Plan } from './plan.js';

/** What each part of the benchmark is run with. */
export interface Session {
  readonly broker: Broker;
  readonly plan: Plan;
  readonly peers: readonly PeerName[];
  /** Progress, for whoever waits. */
  say(line: string): void;
}
