import {
  clearRealTimeout,
  type Duration,
  MessagingException,
  nextTurn,
  realTimeout,
  toMilliseconds,
} from '../internal.js';

/** Options of `settled()`. */
export interface SettleOptions {
  /** Longest time to wait, in real time, in seconds or with a unit. @default '4s', which is below the time limit of a test in vitest and jest */
  timeout?: Duration | undefined;
}

/** Thrown when messages are still in flight after the timeout of `settled()`. */
export class NotSettled extends MessagingException {
  override readonly code = 'NOT_SETTLED';

  constructor(
    message: string,
    /** Messages in flight, one line each. */
    readonly inFlight: readonly string[],
  ) {
    super(message);
  }
}

/** Number of turns of the event loop without a message. Handlers and callers that have just ended may send another one. */
const QUIET_TURNS = 3;
/** Number of looks in a row before there is a pause between them. */
const FAST_LOOKS = 20;
const PAUSE_MS = 2;
/** Maximum number of messages in an error. */
const MAX_LISTED = 20;

/** Messages in flight. */
export interface Flight {
  /** Returns true when there is none. */
  isIdle(): boolean;
  /** Returns a line for each. */
  describe(): string[];
}

/**
 * Resolves when nothing is in flight. Uses real timers, so that it also ends under fake ones.
 * @throws NotSettled after the timeout, with the messages in flight
 */
export async function settle(flight: Flight, { timeout = '4s' }: SettleOptions = {}): Promise<void> {
  const milliseconds = toMilliseconds(timeout, 'timeout');
  let late = false;
  const timer = realTimeout(() => {
    late = true;
  }, milliseconds);
  try {
    for (let looks = 0, quiet = 0; quiet < QUIET_TURNS; looks++) {
      quiet = flight.isIdle() ? quiet + 1 : 0;
      if (late && quiet === 0) throw notSettled(flight.describe(), milliseconds);
      await new Promise<void>((resolve) => {
        if (quiet > 0 || looks < FAST_LOOKS) nextTurn(resolve);
        else realTimeout(resolve, PAUSE_MS);
      });
    }
  } finally {
    clearRealTimeout(timer);
  }
}

function notSettled(left: readonly string[], milliseconds: number): NotSettled {
  const listed = left.slice(0, MAX_LISTED).map((line) => `\n  ${line}`);
  const more = left.length > MAX_LISTED ? `\n  and ${left.length - MAX_LISTED} more` : '';
  const hint = setTimeout === realTimeout ? '' : '\nThe timers are faked: advance them, or wait with real ones';
  return new NotSettled(
    `Not settled within ${milliseconds / 1000} s; in flight:${listed.join('')}${more}${hint}`,
    left,
  );
}
