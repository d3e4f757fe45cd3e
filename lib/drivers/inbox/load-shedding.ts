/** Waiting times of a call that is about to start or to wait. All times in milliseconds. */
export interface CallWait {
  /** Time before it arrived: in its queue, and on its way. Undefined where its caller does not say when it was written. */
  readonly before: number | undefined;
  /** Part of the time before its arrival that is certain, where it is an estimate. Estimates count once an overload has been proved. */
  readonly certain?: number | undefined;
  /** Time since it arrived. */
  readonly here: number;
  /** Time that its caller gives it. */
  readonly timeout: number;
  /** Time that its handler will probably need; 0 where unknown. */
  readonly need: number;
  /** True when all slots have been taken for a while. */
  readonly full: boolean;
  /** True while the process has hardly any computing time left. */
  readonly computing: boolean;
  /** True when a slot may be free only because a call has just been refused. */
  readonly freed?: boolean;
}

/** Calls that came too late to be served, one at least each second, and no call between them that waited for much less. */
interface Proof {
  /** Timeout of the first one. The others have at least half and at most twice of it. */
  readonly timeout: number;
  /** Longest wait with which the first one could have been served. */
  readonly spare: number;
  readonly since: number;
  last: number;
  /** True when the wait of one of them is an estimate. */
  isEstimated: boolean;
}

/** Time for which calls must have come too late until an overload is proved. A stall is worked off before. */
export const PROOF_MS = 1000;

/** Time after the last call that came too late, after which the overload is over. */
export const EPISODE_MS = 10_000;

/** Part of the timeout that a reply needs for its way. */
const REPLY_PART = 0.05;

/** Maximum of this time. */
export const MAX_REPLY_MS = 250;

/** Part of its possible wait that a call may have spent in the queue during an overload. */
const SHARE = 0.25;

/** Maximum of this time. Calls that waited as long keep all slots busy. */
export const MAX_WAIT_MS = 1000;

/** Wait that counts as none. */
export const NO_WAIT_MS = 20;

/** Part of the longest wait during an overload that counts as none, too: calls that start at random times wait for each other. */
const NO_WAIT_PART = 0.2;

/** Factor by which the timeouts of calls may differ that an overload concerns. */
const CLASS = 2;

/**
 * Maximum number of calls in a row that are refused for their wait while slots are free. The next one is started, so that
 * the handlers get their share of the computing time, even where it is so scarce that no call is fresh.
 */
export const MAX_IN_A_ROW = 16;

/**
 * Decides which calls are refused. A busy server refuses a call that has waited for so long that its handler cannot end in
 * time. An overload is proved when calls come too late for a second. During an overload, calls with like timeouts that waited
 * long are refused as well, and the server starts the fresh ones. Only calls that come too late prolong it.
 */
export class LoadShedding {
  private proof: Proof | undefined;
  private until = Number.NEGATIVE_INFINITY;
  private provedAt = Number.NEGATIVE_INFINITY;
  /** True from the proof of an overload until the server has capacity to spare or a call does not wait: estimates have been right. */
  private confirmed = false;
  private inARow = 0;

  /** Returns true during an overload. */
  isOverloaded(now: number): boolean {
    return now < this.until;
  }

  /** Returns true during an overload, and until it would have been proved again. */
  wasOverloaded(now: number): boolean {
    return now - this.provedAt < 2 * EPISODE_MS;
  }

  /** Returns true while calls come too late, and during an overload. */
  isPressed(now: number): boolean {
    return this.isOverloaded(now) || (this.proof !== undefined && now - this.proof.last <= PROOF_MS);
  }

  /** Returns true for a call that is to be refused. */
  refuses(call: CallWait, now: number): boolean {
    const { before, certain, here, timeout, need, full, computing } = call;
    const isEstimated = certain !== undefined;
    const freed = call.freed === true && (isEstimated ? this.confirmed : this.isPressed(now));
    const wait = (before ?? 0) + here;
    if (before !== undefined && !isEstimated) this.observe(wait, now);
    const reply = replyTimeOf(timeout);
    const spare = timeout - reply - need;
    // Without any wait, it would not end in time either. Its caller gets the timeout that it has asked for.
    // A slot that a refusal has freed is worth a try while the reply has some time left.
    const isBusy = full || computing || (freed && wait > spare + reply / 2);
    if (!isBusy || spare <= 0) return false;
    if (wait > spare && before !== undefined) this.prove(timeout, spare, now, isEstimated);
    const isTooLate = (this.confirmed || !isEstimated ? wait : certain + here) > spare;
    if (!isTooLate && !this.isExcess(before, timeout, spare, full, now)) {
      this.inARow = 0;
      return false;
    }
    this.inARow++;
    return true;
  }

  /**
   * Ends an overload when a call hardly waited. Takes back a proof that is not complete after a short wait.
   * @param wait whole wait of a call whose caller says when it was written
   */
  observe(wait: number, now: number): void {
    if (wait < NO_WAIT_MS) this.confirmed = false;
    if (this.proof === undefined) return;
    const { spare } = this.proof;
    const limit = this.isOverloaded(now) ? Math.max(NO_WAIT_MS, maxWaitOf(spare) * NO_WAIT_PART) : spare / 2;
    if (wait < limit) this.end();
  }

  /** Called when a call has expired while it waited for a slot of a full server. */
  late(timeout: number, now: number): void {
    this.prove(timeout, timeout - replyTimeOf(timeout), now, false);
  }

  /** Takes back what rests on estimates. Called when the server has capacity to spare, so that no call has waited for long. */
  distrust(): void {
    this.confirmed = false;
    if (this.proof?.isEstimated) this.end();
  }

  private end(): void {
    this.proof = undefined;
    this.until = Number.NEGATIVE_INFINITY;
  }

  private prove(timeout: number, spare: number, now: number, isEstimated: boolean): void {
    const { proof } = this;
    const isOther = proof === undefined || timeout > proof.timeout * CLASS || now - proof.last > PROOF_MS;
    if (proof === undefined || (isOther && !this.isOverloaded(now))) {
      this.proof = { timeout, spare, since: now, last: now, isEstimated };
    } else if (timeout <= proof.timeout * CLASS && timeout * CLASS >= proof.timeout) {
      proof.last = now;
      if (isEstimated) proof.isEstimated = true;
      if (now - proof.since < PROOF_MS) return;
      this.provedAt = now;
      this.until = now + EPISODE_MS;
      this.confirmed = true;
    }
  }

  /** Returns true for a call that is in time, but has waited for long during an overload of calls like it. */
  private isExcess(before: number | undefined, timeout: number, spare: number, full: boolean, now: number): boolean {
    if (before === undefined || this.proof === undefined || !this.isOverloaded(now)) return false;
    if (timeout > this.proof.timeout * CLASS || !(before > maxWaitOf(spare))) return false;
    return full || this.inARow < MAX_IN_A_ROW;
  }
}

/** Returns the time that a reply needs for its way. */
function replyTimeOf(timeout: number): number {
  return Math.min(timeout * REPLY_PART, MAX_REPLY_MS);
}

/** Returns the time that a call may have waited before its arrival during an overload. */
function maxWaitOf(spare: number): number {
  return Math.min(spare * SHARE, MAX_WAIT_MS);
}
