import type { Peer } from './peer.js';

/** Check of one behaviour of a peer, from outside. */
export interface Check {
  /** Name, for `--only`. */
  readonly name: string;
  /** Behaviour of a correct peer, in one line. */
  readonly expects: string;
  /** Optional feature. The check is skipped where the peer declares that it lacks the feature. */
  readonly optional?: string;
  /** @throws CheckFailure, MessagingTimeout or MessageUndeliverable where the peer does something else */
  run(peer: Peer): Promise<void>;
}

/** Checks of one kind. */
export interface Theme {
  readonly theme: string;
  readonly checks: readonly Check[];
}
