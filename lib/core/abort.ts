import { CallAborted, type ErrorDetails, isError } from './errors.js';
import { soon } from './real-time.js';
import { shared } from './shared.js';

/**
 * Signal of the library's own, as cheap as an object: to make an AbortSignal of Node.js takes a tenth of the time of a call.
 * It becomes one for those who ask.
 */
export class Cancellation {
  /** The only follower, which is the usual case. */
  private only: (() => void) | undefined;
  /** Followers, where there has been more than one. */
  private ends: Set<() => void> | undefined;
  private controller: AbortController | undefined;
  private isAborted = false;
  private why: unknown;

  get aborted(): boolean {
    return this.isAborted;
  }

  get reason(): unknown {
    return this.why;
  }

  /** The same as an AbortSignal, for user code. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.isAborted) this.controller.abort(this.why);
    }
    return this.controller.signal;
  }

  /** Aborts, once. */
  abort(reason: unknown): void {
    if (this.isAborted) return;
    this.isAborted = true;
    this.why = reason;
    const ends = this.ends ?? (this.only ? [this.only] : []);
    this.only = undefined;
    this.ends = undefined;
    for (const end of ends) end();
    this.controller?.abort(reason);
  }

  /** Calls back when it aborts. Use {@link follow}. */
  add(end: () => void): void {
    if (this.ends) this.ends.add(end);
    else if (this.only) {
      this.ends = new Set([this.only, end]);
      this.only = undefined;
    } else this.only = end;
  }

  remove(end: () => void): void {
    if (this.only === end) this.only = undefined;
    else this.ends?.delete(end);
  }
}

/** Signal of a user, or of this library. */
export type AnySignal = AbortSignal | Cancellation;

/** Work that follows a signal, and the one listener that it has for all of it. */
interface Following {
  readonly ends: Set<() => void>;
  readonly listener: () => void;
}

const following = shared('followers of signals', () => new WeakMap<AbortSignal, Following>());

/**
 * Calls back once when the signal aborts, soon if it has aborted already, until {@link unfollow}. A signal has one listener
 * for any number of callbacks: removing one of thousands of listeners takes a search, and Node.js warns of more than ten.
 * @param end callback; it must not throw
 */
export function follow(signal: AnySignal, end: () => void): void {
  if (signal.aborted) soon(end);
  else if (signal instanceof Cancellation) signal.add(end);
  else {
    const known = following.get(signal);
    if (known) known.ends.add(end);
    else listen(signal, end);
  }
}

/** Ends {@link follow}. The last one to leave takes the listener with it. */
export function unfollow(signal: AnySignal, end: () => void): void {
  if (signal instanceof Cancellation) {
    signal.remove(end);
    return;
  }
  const known = following.get(signal);
  if (!known?.ends.delete(end) || known.ends.size > 0) return;
  following.delete(signal);
  signal.removeEventListener('abort', known.listener);
}

function listen(signal: AbortSignal, first: () => void): void {
  const ends = new Set([first]);
  const listener = () => {
    following.delete(signal);
    for (const end of ends) end();
  };
  following.set(signal, { ends, listener });
  signal.addEventListener('abort', listener, { once: true });
}

/** Signal that aborts with the first of two others, and with its reason. */
class Joined extends Cancellation {
  private readonly follows: readonly (readonly [AnySignal, () => void])[];

  constructor(...signals: readonly [AnySignal, AnySignal]) {
    super();
    this.follows = signals.map((signal) => [signal, () => this.abort(signal.reason)] as const);
    for (const [signal, end] of this.follows) {
      if (signal.aborted) end();
      else follow(signal, end);
    }
  }

  /** Leaves nothing on the signals. */
  release(): void {
    for (const [signal, end] of this.follows) {
      unfollow(signal, end);
      releaseSignal(signal);
    }
  }
}

/** Returns a signal that aborts with the first of two, either of which may be absent. {@link releaseSignal} ends it. */
export function joinSignals(one: AnySignal | undefined, other: AnySignal | undefined): AnySignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : new Joined(one, other);
}

/** Takes a joined signal off those that it follows. Does nothing for any other signal. */
export function releaseSignal(signal: AnySignal | undefined): void {
  if (signal instanceof Joined) signal.release();
}

/** Returns the signal for user code. */
export function publicSignal(signal: AnySignal | undefined): AbortSignal | undefined {
  return signal instanceof Cancellation ? signal.signal : signal;
}

/** Returns the error of a call whose signal has aborted: the reason of the signal, or an error around a reason that is none. */
export function abortErrorOf({ reason }: Pick<AnySignal, 'reason'>, details: ErrorDetails = {}): Error {
  if (isError(reason)) return reason;
  return new CallAborted('The call was given up: its signal was aborted', { ...details, cause: reason });
}

/** Returns true for the error of {@link abortErrorOf}. */
export function isAbortError(error: unknown, signal: AnySignal | undefined): boolean {
  return signal?.aborted === true && (error === signal.reason || error instanceof CallAborted);
}

/** Maximum number of AbortErrors around the reason of a signal. */
const MAX_WRAPPERS = 5;

/**
 * Returns true for the reason of an aborted signal, and for an `AbortError` that it caused: timers, streams, events and child
 * processes of Node.js reject with one. An AbortError without this cause can be that of any signal. Never throws.
 */
export function isAbortedBy(thrown: unknown, reason: unknown): boolean {
  try {
    let error = thrown;
    for (let depth = 0; depth < MAX_WRAPPERS && error !== reason; depth++) {
      if (typeof error !== 'object' || error === null || Reflect.get(error, 'name') !== 'AbortError') return false;
      error = Reflect.get(error, 'cause');
    }
    return error === reason;
  } catch {
    // A handler can throw any value, one that throws when it is read, too.
    return false;
  }
}

/** Returns true for an AbortSignal, also for one of another realm or library. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  );
}
