import { maskSecrets, oneLine, RemoteError, toError } from '../../internal.js';

/** Maximum number of kinds of errors that are told apart: remote classes have any name. */
const MAX_KINDS = 20;
const OTHERS = 'other errors';

/** Number of errors of one kind. */
export interface ErrorCount {
  /** Class of the error, or `RemoteError` and the class of the remote one. */
  readonly name: string;
  readonly count: number;
  /** First message. */
  readonly example: string;
}

/** Numbers of errors, by kind. */
export class ErrorCounts {
  readonly #kinds = new Map<string, { count: number; example: string }>();

  add(thrown: unknown): void {
    const name = kindOf(thrown);
    const known = this.#kinds.get(name) ?? (this.#kinds.size >= MAX_KINDS ? this.#kinds.get(OTHERS) : undefined);
    if (known) known.count += 1;
    else this.#kinds.set(this.#kinds.size < MAX_KINDS ? name : OTHERS, { count: 1, example: exampleOf(thrown) });
  }

  /** Returns the counts, the highest first. */
  read(): ErrorCount[] {
    return [...this.#kinds]
      .map(([name, { count, example }]) => ({ name, count, example }))
      .sort((one, other) => other.count - one.count);
  }
}

function kindOf(thrown: unknown): string {
  const error = toError(thrown);
  return oneLine(error instanceof RemoteError ? `${error.name} ${error.excType}` : error.name, 100);
}

function exampleOf(thrown: unknown): string {
  return oneLine(String(maskSecrets(toError(thrown).message)), 300);
}
