import type { Examine } from './connector.js';
import type { Failover } from './failover.js';

/** What the connections of a transport have in common. */
export interface Shared {
  /** Order of the hosts. @default an order of its own */
  readonly failover?: Failover;
  /** Look at each new connection. @default none */
  readonly examine?: Examine;
}
