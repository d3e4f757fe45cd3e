import { types } from 'node:util';
import { inspectMasked, maskSecrets } from './secrets.js';
import { sharedClass } from './shared.js';
import type { ErrorTarget } from './target-fields.js';
import { loggedMessage } from './thrown.js';

/** Circumstances of an error. */
export interface ErrorDetails {
  /** Target of the request. */
  target?: ErrorTarget | undefined;
  /** Name of the RPC method. */
  method?: string | undefined;
  /** Error that caused this one. */
  cause?: unknown;
}

/** Base class of every error of this library. Source: oslo_messaging.exceptions.MessagingException. */
@sharedClass('MessagingException')
export class MessagingException extends Error {
  /** Stable identifier of the kind of error. */
  readonly code: string = 'MESSAGING';
  /** Target of the request, when it is known. */
  declare readonly target?: ErrorTarget | undefined;
  /** Name of the RPC method, when it is known. */
  declare readonly method?: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    if (details.target !== undefined) this.target = details.target;
    if (details.method !== undefined) this.method = details.method;
  }
}

/** Thrown when no reply arrived before the deadline. */
@sharedClass('MessagingTimeout')
export class MessagingTimeout extends MessagingException {
  override readonly code = 'TIMEOUT';
}

/** Thrown when the broker did not confirm the message within its retries or before its deadline. */
@sharedClass('MessageDeliveryFailure')
export class MessageDeliveryFailure extends MessagingException {
  override readonly code = 'DELIVERY_FAILURE';
}

/** Thrown when no queue is bound for the message: no server has declared one. */
@sharedClass('MessageUndeliverable')
export class MessageUndeliverable extends MessagingException {
  override readonly code = 'UNDELIVERABLE';
}

/** Thrown when an overloaded server has refused the call. It was not started. */
@sharedClass('ServerOverloaded')
export class ServerOverloaded extends MessagingException {
  override readonly code = 'SERVER_OVERLOADED';
}

/** Thrown when the target lacks a field that the operation needs, or has one that it refuses. */
@sharedClass('InvalidTarget')
export class InvalidTarget extends MessagingException {
  override readonly code = 'INVALID_TARGET';
}

/** Thrown when the transport URL is malformed. The message never quotes its password. */
@sharedClass('InvalidTransportURL')
export class InvalidTransportURL extends MessagingException {
  override readonly code = 'INVALID_TRANSPORT_URL';
}

/** Thrown when the scheme of the transport URL has no driver. */
@sharedClass('DriverLoadFailure')
export class DriverLoadFailure extends MessagingException {
  override readonly code = 'DRIVER_LOAD_FAILURE';
}

/** Thrown when a version is not of the form `major.minor[.revision]`. */
@sharedClass('InvalidVersion')
export class InvalidVersion extends MessagingException {
  override readonly code = 'INVALID_VERSION';
  constructor(
    /** Version as given. */
    readonly version: unknown,
  ) {
    super(
      `Version must be "major.minor" or "major.minor.revision", two or three integers; got ${JSON.stringify(version)}`,
    );
  }
}

/** Thrown when a request has no form as a message, or exceeds a limit. It was not sent. */
@sharedClass('ClientSendError')
export class ClientSendError extends MessagingException {
  override readonly code = 'CLIENT_SEND';
}

/** Thrown when the requested version is above the version cap of the client. Nothing was sent. */
@sharedClass('RPCVersionCapError')
export class RPCVersionCapError extends MessagingException {
  override readonly code = 'VERSION_CAP';
  constructor(
    /** Requested version. */
    readonly version: string | undefined,
    /** Version cap of the client. */
    readonly versionCap: string | undefined,
    details: ErrorDetails = {},
  ) {
    super(
      `Requested message version, ${version}, is incompatible. It needs to be equal in major version and less than or equal in minor version as the specified version cap ${versionCap}.${refused(details)}`,
      details,
    );
  }
}

/** Returns the sentence about the request that was not sent. */
function refused({ method, target }: ErrorDetails): string {
  return method === undefined ? '' : ` "${method}" was not sent to topic ${target?.topic ?? '(none)'}.`;
}

/** Details of a {@link RemoteError}. */
export interface RemoteErrorDetails extends ErrorDetails {
  /** Python module of the remote exception. */
  module?: string | undefined;
  /** Arguments of the remote exception. */
  args?: readonly unknown[] | undefined;
  /** Keyword arguments of the remote exception. */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
}

/** Thrown when the server replied with an exception that has no class here. */
@sharedClass('RemoteError')
export class RemoteError extends MessagingException {
  override readonly code = 'REMOTE';
  /** Arguments of the remote exception. Their secrets are masked in logs and by `JSON.stringify`. */
  readonly args: readonly unknown[];
  /** Keyword arguments of the remote exception, such as the details of a validation. Masked as `args` are. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Python module of the remote exception, where it is known. */
  declare readonly excModule?: string | undefined;

  constructor(
    /** Class name of the remote exception. */
    readonly excType: string,
    /** Message of the remote exception, without its class name. */
    readonly value: string,
    /** Lines of the remote traceback. */
    readonly traceback: string[] = [],
    { args = [], kwargs = {}, module, ...details }: RemoteErrorDetails = {},
  ) {
    super(`Remote error: ${excType} ${value}`, details);
    if (module) this.excModule = module;
    this.args = inspectMasked([...args]);
    this.kwargs = inspectMasked({ ...kwargs });
  }

  /** Returns the form for `JSON.stringify`: with the message, and with secrets masked. */
  toJSON(): object {
    return maskSecrets({ ...this, message: this.message }) as object;
  }
}

/** Thrown when no endpoint exposes the method. */
@sharedClass('NoSuchMethod')
export class NoSuchMethod extends MessagingException {
  override readonly code = 'NO_SUCH_METHOD';
  constructor(method: string, details: ErrorDetails = {}) {
    super(`Endpoint does not support RPC method ${method}`, { ...details, method });
  }
}

/** Thrown when no endpoint implements the version in the namespace. */
@sharedClass('UnsupportedVersion')
export class UnsupportedVersion extends MessagingException {
  override readonly code = 'UNSUPPORTED_VERSION';
  constructor(
    /** Requested version. */
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

/** Thrown when a call or cast is given up by its signal, and the reason of the signal is no Error. The reason is the `cause`. */
@sharedClass('CallAborted')
export class CallAborted extends MessagingException {
  override readonly code = 'CALL_ABORTED';
}

/** Reason of a request's signal: the deadline of its caller has passed. */
@sharedClass('RequestExpired')
export class RequestExpired extends MessagingException {
  override readonly code = 'REQUEST_EXPIRED';
}

/** Reason of a request's signal: its caller has died, so that nobody reads the reply. Needs a caller with a `callMonitorTimeout`. */
@sharedClass('CallerGone')
export class CallerGone extends MessagingException {
  override readonly code = 'CALLER_GONE';
}

/** Reason of a request's signal: its caller has given up the call before its deadline, by its `signal` or by unsubscribing. */
@sharedClass('RequestCancelled')
export class RequestCancelled extends MessagingException {
  override readonly code = 'REQUEST_CANCELLED';
}

/** Reason of a handler's signal: its server has stopped, and waits for it no longer. */
@sharedClass('ServerStopped')
export class ServerStopped extends MessagingException {
  override readonly code = 'SERVER_STOPPED';
}

/** Thrown when a server could not start to consume. */
@sharedClass('ServerListenError')
export class ServerListenError extends MessagingException {
  override readonly code = 'SERVER_LISTEN';
}

/** Thrown when an option, a decorator or an endpoint is invalid. */
@sharedClass('ConfigurationError')
export class ConfigurationError extends MessagingException {
  override readonly code = 'CONFIGURATION';
}

/** Thrown when the function of the option `credentials` failed, so that there are no credentials for the login. */
@sharedClass('CredentialsFailure')
export class CredentialsFailure extends MessagingException {
  override readonly code = 'CREDENTIALS';
}

/** Thrown when a received message cannot be read, or exceeds a limit. */
@sharedClass('InvalidMessage')
export class InvalidMessage extends MessagingException {
  override readonly code = 'INVALID_MESSAGE';
}

/**
 * Returns true for an error, also for one of another realm. Jest runs tests in a realm of their own: there, the errors that
 * Node.js makes itself, such as the default reason of an AbortSignal, are no instances of `Error`.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value) || value instanceof DOMException;
}

/** Returns a thrown value as an Error. Secrets in a thrown object are masked. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(loggedMessage(thrown), { cause: thrown });
}
