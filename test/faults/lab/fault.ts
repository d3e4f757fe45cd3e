import type { RabbitCluster } from '../../../testkit/rabbit-cluster.js';
import type { Random } from './random.js';

/** Equipment that a fault needs beside a cluster. */
export type Need = 'namespaces';

/** A fault that has begun. */
export interface Effect {
  /** Node or queue that it hit, for the log. */
  readonly hit: string;
  end(): Promise<void>;
}

/** Fault of a cluster. */
export interface Fault {
  readonly name: string;
  readonly needs?: Need;
  /** True when more than half of the nodes can serve all the time. */
  readonly majority: boolean;
  /** Shortest and longest time from its begin to its end, in seconds. */
  readonly lasts: readonly [shortest: number, longest: number];
  /** @param queue a quorum queue under load */
  begin(cluster: RabbitCluster, queue: string, random: Random): Promise<Effect>;
}
