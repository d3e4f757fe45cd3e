import type { Examine } from './connector.js';
import type { Failover } from './failover.js';
import type { Standstill } from './standstill.js';

/** Parts that the connections of a transport share. */
export interface Shared {
  /** Order of the hosts. @default an order of its own */
  readonly failover?: Failover;
  /** Nodes that confirm nothing. @default one of its own, which is logged at the level `debug` */
  readonly standstill?: Standstill;
  /** Look at each new connection. @default none */
  readonly examine?: Examine;
}
