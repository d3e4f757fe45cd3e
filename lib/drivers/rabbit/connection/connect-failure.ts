import { ConfigurationError, CredentialsFailure, toError } from '../../../core/errors.js';

/** Handshakes refused for these reasons do not get better by waiting. */
const REFUSED = /ACCESS.REFUSED|NOT.ALLOWED|SASL mechanism|certificate|self.signed|altname|wrong version number/i;
/** The refusal of a user's name or password. */
const REFUSED_LOGIN = /ACCESS.REFUSED/i;
/** What it looks like when one side speaks TLS and the other does not. */
const NO_TLS = /wrong version number|before secure TLS connection|packet length too long|ECONNRESET|hang up/i;
const ONLY_TLS = /closed abruptly during opening handshake|ECONNRESET|Expected ConnectionStart/i;
/** All that amqplib tells of a broker that closes the connection when it hears of the virtual host. */
const NO_VHOST = /Expected ConnectionOpenOk; got <ConnectionClose/;

/** How one host was tried. */
export interface Attempt {
  /** Host and port. */
  readonly address: string;
  readonly tls: boolean;
  readonly virtualHost: string;
}

/** Why one host could not be connected to. */
export class ConnectFailure extends Error {
  /** Trying again as things are would be of no use. */
  readonly hopeless: boolean;

  /** @param newLogin whether the next attempt has another login, which may do */
  constructor({ address, tls, virtualHost }: Attempt, cause: unknown, newLogin: boolean) {
    let reason = reasonOf(cause);
    if (NO_VHOST.test(reason)) {
      reason = `NOT_ALLOWED: there is no virtual host "${virtualHost}", or the user may not use it, or it has all the connections that it may have`;
    } else if ((tls ? NO_TLS : ONLY_TLS).test(reason)) {
      reason += ` (does that port speak ${tls ? 'TLS, as is asked for' : 'plain AMQP, not TLS'}?)`;
    }
    super(`${address}: ${reason}`, { cause });
    const passes = newLogin && (cause instanceof CredentialsFailure || REFUSED_LOGIN.test(reason));
    this.hopeless = cause instanceof ConfigurationError || (REFUSED.test(reason) && !passes);
  }

  /** The failures of several hosts as one. */
  static all(failures: readonly ConnectFailure[]): Error {
    const [first] = failures;
    if (first && failures.length === 1) return first;
    return new Error(failures.map(({ message }) => message).join('; '), { cause: first });
  }
}

function reasonOf(thrown: unknown): string {
  // Node.js tries every address of a host, and says nothing in the error that holds their errors.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.map((error) => toError(error).message).join(', ');
  }
  return toError(thrown).message.trim() || 'the connection was refused';
}
