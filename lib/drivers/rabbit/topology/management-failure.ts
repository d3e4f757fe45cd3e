import { toError } from '../../../core/errors.js';

/** Maximum time for an answer of the management API, in milliseconds. */
export const ANSWER_MS = 2000;

/** Statuses of a refused login, and of a user who may not ask. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([401, 403]);

const CURE = 'the user and password must be right, and the user needs the tag "monitoring" (rabbitmqctl set_user_tags)';

/** Thrown when the management API cannot be asked, does not answer in time, or refuses. */
export class ManagementFailure extends Error {
  override readonly name = 'ManagementFailure';

  /** @param reason fault, as the end of a sentence */
  constructor(
    url: URL,
    reason: string,
    /** True where it did not answer in time. */
    readonly isTimeout: boolean,
    /** Status of its answer; undefined where it gave none. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(`the management API at ${url.host} failed: ${reason}`, options);
  }

  /** Remedy for a refused user, as a sentence; undefined for other failures. */
  get cure(): string | undefined {
    return REFUSALS.has(this.status)
      ? 'Correct the user and password of the management URL, or give the user the tag: rabbitmqctl set_user_tags USER monitoring'
      : undefined;
  }

  /** Returns the failure of a request. @param signal aborted when the time for an answer is over */
  static of(url: URL, cause: unknown, signal: AbortSignal): ManagementFailure {
    const reason = signal.aborted ? `no answer within ${ANSWER_MS / 1000} s` : toError(cause).message;
    return new ManagementFailure(url, reason, signal.aborted, undefined, { cause });
  }

  /** Returns the failure for an answer with the status of a refusal. */
  static refused(url: URL, status: number): ManagementFailure {
    return new ManagementFailure(
      url,
      `it answers ${REFUSALS.has(status) ? `${status}: ${CURE}` : status}`,
      false,
      status,
    );
  }
}
