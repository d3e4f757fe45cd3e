import type { Peer } from './peer.js';

/** One thing that a peer must do, seen from outside. */
export interface Check {
  /** What `--only` takes. */
  readonly name: string;
  /** One line, what the check sees in a peer that is right. */
  readonly expects: string;
  /** A feature that a peer may say it lacks: then the check is skipped, with the reason that the peer gives. */
  readonly optional?: string;
  /** @throws CheckFailure, MessagingTimeout or MessageUndeliverable where the peer does something else */
  run(peer: Peer): Promise<void>;
}

/** Checks of one kind. */
export interface Theme {
  readonly theme: string;
  readonly checks: readonly Check[];
}
