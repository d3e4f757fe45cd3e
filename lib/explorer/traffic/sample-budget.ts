/** Number of messages in a second that are shown: spread over it, with some more after a pause. */
export class SampleBudget {
  private left: number;
  private at = 0;

  /**
   * @param perSecond number of samples in a second
   * @param burst number of samples after a pause
   */
  constructor(
    private perSecond: number,
    private burst: number,
  ) {
    this.left = burst;
  }

  /** Changes the rate. */
  change(perSecond: number, burst: number): void {
    this.perSecond = perSecond;
    this.burst = burst;
    this.left = Math.min(this.left, burst);
  }

  /** Takes one sample where one is left. @param now monotonic clock in milliseconds */
  take(now: number): boolean {
    const { burst } = this;
    const left = Math.min(burst, this.left + (Math.max(0, now - this.at) / 1000) * this.perSecond);
    this.at = Math.max(this.at, now);
    if (left < 1) {
      this.left = left;
      return false;
    }
    this.left = left - 1;
    return true;
  }
}
