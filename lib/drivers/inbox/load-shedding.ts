/** Waiting times of a call that is about to start or to wait. All times in milliseconds. */
export interface CallWait {
  /** Time before it arrived: in its queue, and on its way. */
  readonly before: number;
  /** Time since it arrived. */
  readonly here: number;
  /** Time that its caller gives it. */
  readonly timeout: number;
  /** Time that its handler will probably need; 0 where unknown. */
  readonly need: number;
  /** True when no slot is free. */
  readonly full: boolean;
  /** True while the process has hardly any computing time left. */
  readonly computing: boolean;
}

/** Time without a refusal after which the overload is over. */
export const EPISODE_MS = 10_000;

/** Part of the timeout that a reply needs for its way. */
const REPLY_PART = 0.05;

/** Part of its possible wait that a call may have spent in the queue during an overload. */
const SHARE = 0.25;

/** Maximum of this time. Calls that waited as long keep all slots busy. */
export const MAX_WAIT_MS = 1000;

/**
 * Maximum number of calls in a row that are refused for their wait while slots are free. The next one is started, so that
 * the handlers get their share of the computing time, even where it is so scarce that no call is fresh.
 */
export const MAX_IN_A_ROW = 16;

/**
 * Decides which calls are refused. An overload begins with proof: a busy server meets a call that has waited for so long
 * that its handler cannot end in time. First in, first out, all calls behind it would fare as badly, and each would be
 * started for a caller that gives up. During an overload, calls that waited long are therefore refused at once, and the
 * server starts the fresh ones. A queue that the server can work off in time is never shortened.
 */
export class LoadShedding {
  private until = Number.NEGATIVE_INFINITY;
  private inARow = 0;

  /** Time at which the overload is over without another refusal. */
  get overloadedUntil(): number {
    return this.until;
  }

  /** Returns true during an overload. */
  isOverloaded(now: number): boolean {
    return now < this.until;
  }

  /** Returns true for a call that is to be refused. */
  refuses({ before, here, timeout, need, full, computing }: CallWait, now: number): boolean {
    const spare = timeout * (1 - REPLY_PART) - need;
    // Without any wait, it would not end in time either. Its caller gets the timeout that it has asked for.
    if ((!full && !computing) || spare <= 0) return false;
    const isTooLate = before + here > spare;
    if (!isTooLate && !this.isExcess(before, spare, full, now)) {
      this.inARow = 0;
      return false;
    }
    this.inARow++;
    this.until = now + EPISODE_MS;
    return true;
  }

  /** Returns true for a call that is in time, but has waited for long during an overload. */
  private isExcess(before: number, spare: number, full: boolean, now: number): boolean {
    if (!this.isOverloaded(now) || before <= Math.min(spare * SHARE, MAX_WAIT_MS)) return false;
    return full || this.inARow < MAX_IN_A_ROW;
  }
}
