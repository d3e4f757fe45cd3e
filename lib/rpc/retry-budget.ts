/** Repetitions that are allowed before any request has earned one. */
const RESERVE = 10;

/**
 * Budget of the repetitions of requests to one target: each request earns a part of a repetition. However many requests
 * fail, the load grows by that part only, so a sick server can recover.
 */
export class RetryBudget {
  private balance = RESERVE;

  /** Adds what a request earns. @param share part of a repetition */
  earn(share: number): void {
    this.balance = Math.min(RESERVE, this.balance + share);
  }

  /** Takes one repetition. Returns false when there is none. */
  spend(): boolean {
    if (this.balance < 1) return false;
    this.balance -= 1;
    return true;
  }
}
