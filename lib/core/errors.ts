import { inspectMasked, maskSecrets } from './secrets.js';
import type { Target } from './target.js';
import { loggedMessage } from './thrown.js';

/** What an error was about. */
export interface ErrorDetails {
  target?: Target | undefined;
  method?: string | undefined;
  cause?: unknown;
}

/** Base of every error of this library. Source: oslo_messaging.exceptions.MessagingException. */
export class MessagingException extends Error {
  /** Stable identifier of the kind of error. */
  readonly code: string = 'MESSAGING';
  /** Where the request was going, where that is known. */
  readonly target?: Target | undefined;
  /** The RPC method, where that is known. */
  readonly method?: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    if (details.target !== undefined) this.target = details.target;
    if (details.method !== undefined) this.method = details.method;
  }
}

/** No reply came before the deadline. */
export class MessagingTimeout extends MessagingException {
  override readonly code = 'TIMEOUT';
}

/** The message could not be handed to the broker within the retries or the time that it had. */
export class MessageDeliveryFailure extends MessagingException {
  override readonly code = 'DELIVERY_FAILURE';
}

/** The broker had no queue for the message: nobody has ever listened there. */
export class MessageUndeliverable extends MessagingException {
  override readonly code = 'UNDELIVERABLE';
}

/** The target lacks something that the operation needs, or has something that it refuses. */
export class InvalidTarget extends MessagingException {
  override readonly code = 'INVALID_TARGET';
}

/** A transport URL that cannot be understood. Never quotes its password. */
export class InvalidTransportURL extends MessagingException {
  override readonly code = 'INVALID_TRANSPORT_URL';
}

/** No driver for the scheme of the transport URL. */
export class DriverLoadFailure extends MessagingException {
  override readonly code = 'DRIVER_LOAD_FAILURE';
}

/** A version that is not `major.minor[.revision]`. */
export class InvalidVersion extends MessagingException {
  override readonly code = 'INVALID_VERSION';
  constructor(readonly version: unknown) {
    super(
      `Version must be "major.minor" or "major.minor.revision", two or three integers; got ${JSON.stringify(version)}`,
    );
  }
}

/** The request could not be made into a message, or is over a limit. */
export class ClientSendError extends MessagingException {
  override readonly code = 'CLIENT_SEND';
}

/** The version asked for is above the client's cap; nothing was sent. */
export class RPCVersionCapError extends MessagingException {
  override readonly code = 'VERSION_CAP';
  constructor(
    readonly version: string | undefined,
    readonly versionCap: string | undefined,
    details: ErrorDetails = {},
  ) {
    super(
      `Requested message version, ${version}, is incompatible. It needs to be equal in major version and less than or equal in minor version as the specified version cap ${versionCap}.`,
      details,
    );
  }
}

/** Details of a {@link RemoteError}. */
export interface RemoteErrorDetails extends ErrorDetails {
  /** Arguments of the remote exception. */
  args?: readonly unknown[] | undefined;
  /** Keyword arguments of the remote exception. */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
}

/** The server answered with an exception that has no class here. */
export class RemoteError extends MessagingException {
  override readonly code = 'REMOTE';
  /** Arguments of the remote exception. Logs and `JSON.stringify` see them without secrets. */
  readonly args: readonly unknown[];
  /** Keyword arguments of the remote exception, such as the details of a validation. Masked as `args` are. */
  readonly kwargs: Readonly<Record<string, unknown>>;

  constructor(
    /** Class name of the remote exception. */
    readonly excType: string,
    /** Its bare message. */
    readonly value: string,
    /** The remote traceback, a line each. */
    readonly traceback: string[] = [],
    { args = [], kwargs = {}, ...details }: RemoteErrorDetails = {},
  ) {
    super(`Remote error: ${excType} ${value}`, details);
    this.args = inspectMasked([...args]);
    this.kwargs = inspectMasked({ ...kwargs });
  }

  /** Returns the form for `JSON.stringify`: with the message, and without secrets. */
  toJSON(): object {
    return maskSecrets({ ...this, message: this.message }) as object;
  }
}

/** No endpoint exposes the method. */
export class NoSuchMethod extends MessagingException {
  override readonly code = 'NO_SUCH_METHOD';
  constructor(method: string, details: ErrorDetails = {}) {
    super(`Endpoint does not support RPC method ${method}`, { ...details, method });
  }
}

/** No endpoint implements the version, or the namespace. */
export class UnsupportedVersion extends MessagingException {
  override readonly code = 'UNSUPPORTED_VERSION';
  constructor(
    readonly version: string,
    method?: string,
    details: ErrorDetails = {},
  ) {
    super(`Endpoint does not support RPC version ${version}${method ? `. Attempted method: ${method}` : ''}`, {
      ...details,
      method,
    });
  }
}

/** A server could not begin to listen. */
export class ServerListenError extends MessagingException {
  override readonly code = 'SERVER_LISTEN';
}

/** An option, a decorator or an endpoint is not as it must be. */
export class ConfigurationError extends MessagingException {
  override readonly code = 'CONFIGURATION';
}

/** The function of the option `credentials` failed, so that there is nothing to log in with. */
export class CredentialsFailure extends MessagingException {
  override readonly code = 'CREDENTIALS';
}

/** A message off the wire that cannot be understood, or is over a limit. */
export class InvalidMessage extends MessagingException {
  override readonly code = 'INVALID_MESSAGE';
}

/** Returns as an Error whatever was thrown. Secrets in an object that was thrown are masked. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(loggedMessage(thrown), { cause: thrown });
}
