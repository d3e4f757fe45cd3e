import type { Examine } from './connector.js';
import type { Failover } from './failover.js';

/** Parts that the connections of a transport share. */
export interface Shared {
  /** Order of the hosts. @default an order of its own */
  readonly failover?: Failover;
  /** Look at each new connection. @default none */
  readonly examine?: Examine;
}
