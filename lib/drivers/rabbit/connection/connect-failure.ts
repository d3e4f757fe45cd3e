import { ConfigurationError, CredentialsFailure, toError } from '../../../core/errors.js';

/** Reasons for which a broker refuses every handshake with the same options. */
const REFUSED = /ACCESS.REFUSED|NOT.ALLOWED|SASL mechanism|certificate|self.signed|altname|wrong version number/i;
/** Refusal of a user name or password. */
const REFUSED_LOGIN = /ACCESS.REFUSED/i;
/** Errors seen when only the client, or only the broker, speaks TLS. */
const NO_TLS = /wrong version number|before secure TLS connection|packet length too long|ECONNRESET|hang up/i;
const ONLY_TLS = /ECONNRESET|Expected ConnectionStart/i;
/** End of a connection whose other end does not speak AMQP, in amqplib's words. */
const NO_AMQP = /closed abruptly during opening handshake/i;
/** Question about the port of the other end. */
const WHICH_PORT = 'is it the AMQP port, and plain or TLS as the URL says?';
/** Number of the TLS alert by which the broker refuses a handshake (RFC 8446, section 6.2). */
const TLS_ALERT = /SSL alert number (\d+)/;
/** Alerts about the certificate of the client: its form, signature, validity or authority, or that it is missing. */
const REFUSED_CERTIFICATE: readonly number[] = [42, 43, 44, 45, 46, 48, 49, 116];
/** Alerts about the TLS versions and ciphers that the client offers. */
const REFUSED_OFFER: readonly number[] = [40, 70, 71];
/** Limit of the virtual host, the user or the node: it ends with another connection. */
const LIMIT_REACHED = /limit \(?\d+\)? is reached/i;

/** The only sign in amqplib of a broker that refuses to open the virtual host. */
const OPEN_REFUSED = /Expected ConnectionOpenOk; got <ConnectionClose/;

/** Parameters of an attempt to connect to one host, for its error message. */
export interface Attempt {
  /** Host and port. */
  readonly address: string;
  readonly tls: boolean;
  readonly virtualHost: string;
}

/** Failure to connect to a host, or to any of several hosts. */
export class ConnectFailure extends Error {
  private constructor(
    message: string,
    /** True where another attempt with the same options would fail, too. */
    readonly hopeless: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }

  /** Returns the failure to connect to one host. @param newLogin true where the next attempt has another login */
  static of({ address, tls, virtualHost }: Attempt, cause: unknown, newLogin: boolean): ConnectFailure {
    let reason = reasonOf(cause);
    if (isOpenRefused(cause)) {
      reason = `NOT_ALLOWED: the virtual host "${virtualHost}" was refused, and the broker did not say why`;
    } else if (NO_AMQP.test(reason)) {
      reason = `the other end closed the connection instead of an AMQP handshake: ${WHICH_PORT}`;
    } else if ((tls ? NO_TLS : ONLY_TLS).test(reason)) {
      reason += ` (${WHICH_PORT})`;
    }
    const refusal = refusalIn(reason);
    if (refusal) reason += ` (${refusal})`;
    const isRenewed = newLogin && (cause instanceof CredentialsFailure || REFUSED_LOGIN.test(reason));
    const canPass = isRenewed || LIMIT_REACHED.test(reason);
    const hopeless =
      cause instanceof ConfigurationError || ((refusal !== undefined || REFUSED.test(reason)) && !canPass);
    return new ConnectFailure(`${address}: ${reason}`, hopeless, cause);
  }

  /** Returns the failures of several hosts as one, in the order of their addresses. */
  static all(failures: readonly ConnectFailure[]): ConnectFailure {
    const [first] = failures;
    if (first && failures.length === 1) return first;
    const messages = failures.map(({ message }) => message).sort();
    return new ConnectFailure(
      messages.join('; '),
      failures.length > 0 && failures.every(({ hopeless }) => hopeless),
      first,
    );
  }
}

/** Returns true for amqplib's error where the broker has refused to open the virtual host. It lacks the reason. */
export function isOpenRefused(error: unknown): boolean {
  return error instanceof Error && OPEN_REFUSED.test(error.message);
}

/** Returns what the broker refuses by a TLS alert, and where to change it; undefined for an alert that may pass. */
function refusalIn(reason: string): string | undefined {
  const alert = Number(TLS_ALERT.exec(reason)?.[1]);
  if (REFUSED_CERTIFICATE.includes(alert))
    return "the broker refuses the client's certificate, or its absence: see rabbit.sslCertFile";
  if (REFUSED_OFFER.includes(alert)) return 'the broker refuses the TLS version or the ciphers: see rabbit.sslVersion';
  return undefined;
}

function reasonOf(thrown: unknown): string {
  // Node.js tries every address of a host, and gives the error that holds their errors no message.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.map((error) => toError(error).message).join(', ');
  }
  return toError(thrown).message.trim() || 'the connection was refused';
}
