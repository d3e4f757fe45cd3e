/** State of one exchange or queue of a topic, or of a host that has a fault. */
export interface Finding {
  readonly kind: 'exchange' | 'host' | 'queue';
  readonly name: string;
  /**
   * `absent`: not declared, which is no fault, because servers and callers declare it. `conflict`: declared with
   * another definition. `unbound`: requests to the exchange do not reach the queue. `unserved`: no consumer. `unseen`:
   * the management API did not answer. `unavailable`: a host that cannot be connected to or confirms nothing, or a quorum
   * queue without a leader or a majority.
   */
  readonly state: 'as asked' | 'absent' | 'conflict' | 'unavailable' | 'unbound' | 'unserved' | 'unseen';
  /** Definition and counts, or the fault. */
  readonly text: string;
  /** Remedy for a fault, where it is known. */
  readonly cure?: string;
}

/** Result of the check of an existing exchange or queue. The text follows its definition. */
export type Sight = Pick<Finding, 'text' | 'cure'> & { readonly state?: Finding['state'] };
