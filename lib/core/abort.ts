import { CallAborted, type ErrorDetails } from './errors.js';
import { soon } from './real-time.js';

/** Work that follows a signal, and the one listener that it has for all of it. */
interface Following {
  readonly ends: Set<() => void>;
  readonly listener: () => void;
}

const following = new WeakMap<AbortSignal, Following>();

/**
 * Calls back once when the signal aborts, soon if it has aborted already, until {@link unfollow}. A signal has one listener
 * for any number of callbacks: removing one of thousands of listeners takes a search, and Node.js warns of more than ten.
 * @param end callback; it must not throw
 */
export function follow(signal: AbortSignal, end: () => void): void {
  if (signal.aborted) {
    soon(end);
    return;
  }
  const known = following.get(signal);
  if (known) {
    known.ends.add(end);
    return;
  }
  const ends = new Set([end]);
  const listener = () => {
    following.delete(signal);
    for (const one of ends) one();
  };
  following.set(signal, { ends, listener });
  signal.addEventListener('abort', listener, { once: true });
}

/** Ends {@link follow}. The last one to leave takes the listener with it. */
export function unfollow(signal: AbortSignal, end: () => void): void {
  const known = following.get(signal);
  if (!known?.ends.delete(end) || known.ends.size > 0) return;
  following.delete(signal);
  signal.removeEventListener('abort', known.listener);
}

/** Signal that aborts with the first of two others, and with its reason. */
export class EitherSignal {
  private readonly controller = new AbortController();
  private readonly ends: readonly (readonly [AbortSignal, () => void])[];

  constructor(...signals: readonly [AbortSignal, AbortSignal]) {
    this.ends = signals.map((signal) => [signal, () => this.abort(signal)] as const);
    for (const [signal, end] of this.ends) {
      if (signal.aborted) end();
      else follow(signal, end);
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Leaves nothing on the two signals. */
  release(): void {
    for (const [signal, end] of this.ends) unfollow(signal, end);
  }

  private abort({ reason }: AbortSignal): void {
    this.controller.abort(reason);
  }
}

/** Returns the error of a call whose signal has aborted: the reason of the signal, or an error around a reason that is none. */
export function abortErrorOf({ reason }: AbortSignal, details: ErrorDetails = {}): Error {
  if (reason instanceof Error) return reason;
  return new CallAborted('The call was given up: its signal was aborted', { ...details, cause: reason });
}

/** Returns true for the error of {@link abortErrorOf}. */
export function isAbortError(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && (error === signal.reason || error instanceof CallAborted);
}

/** Returns true for an AbortSignal, also for one of another realm or library. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  );
}
