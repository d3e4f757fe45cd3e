import { type ErrorDetails, MessagingException } from '../core/errors.js';
import { SentAs } from '../core/failure.js';
import { inspectMasked, maskSecrets } from '../core/secrets.js';
import { sharedClass } from '../core/shared.js';

/** Complaint of a schema about one value. */
export interface SchemaIssue {
  /** Keys that lead to the value, outermost first. Empty: the whole object. */
  readonly path: readonly (string | number)[];
  /** Message of the schema. */
  readonly message: string;
}

/**
 * Thrown on a server when the schema of a method refuses the arguments. The handler did not run. It reaches the caller as
 * Python's `ValueError`, whose arguments are the message and the list of issues.
 */
@SentAs({ module: 'builtins', class: 'ValueError' })
@sharedClass('InvalidArguments')
export class InvalidArguments extends MessagingException {
  override readonly code = 'INVALID_ARGUMENTS';
  /** Arguments of the failure: the message and the issues. */
  readonly args: readonly [message: string, issues: readonly SchemaIssue[]];

  constructor(
    message: string,
    /** Complaints of the schema. */
    readonly issues: readonly SchemaIssue[],
    details: ErrorDetails = {},
  ) {
    super(message, details);
    this.args = [message, issues];
  }
}

/** Thrown on a client when the schema of a method refuses the result. The server did its work. */
@sharedClass('InvalidResult')
export class InvalidResult extends MessagingException {
  override readonly code = 'INVALID_RESULT';
  /** Result as the server sent it. Its secrets are masked in logs and by `JSON.stringify`. */
  readonly result: unknown;

  constructor(
    message: string,
    /** Complaints of the schema. */
    readonly issues: readonly SchemaIssue[],
    result: unknown,
    details: ErrorDetails = {},
  ) {
    super(message, details);
    this.result = typeof result === 'object' && result !== null ? inspectMasked(copyOf(result)) : result;
  }

  /** Returns the form for `JSON.stringify`: with the message, and with secrets masked. */
  toJSON(): object {
    return maskSecrets({ ...this, message: this.message }) as object;
  }
}

const copyOf = (value: object): object => (Array.isArray(value) ? [...(value as unknown[])] : { ...value });
