import type { Peer } from './peer.js';

/** Check of one behavior of a peer, from outside. */
export interface Check {
  /** Name, for `--only`. */
  readonly name: string;
  /** Behavior of a correct peer, in one line. */
  readonly expects: string;
  /** Optional feature. The check is skipped when the peer declares that it lacks the feature. */
  readonly optional?: string;
  /**
   * Runs the check.
   * @throws CheckFailure, MessagingTimeout or MessageUndeliverable when the peer behaves differently
   */
  run(peer: Peer): Promise<void>;
}

/** Checks of one kind. */
export interface Theme {
  readonly theme: string;
  readonly checks: readonly Check[];
}
