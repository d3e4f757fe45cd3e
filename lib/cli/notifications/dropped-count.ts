/** Minimum time between two notices, in milliseconds. */
const PAUSE_MS = 1000;

/** Count of the notifications that the broker has dropped before they were read. */
export class DroppedCount {
  private count = 0;
  private isExact = true;
  private timer: NodeJS.Timeout | undefined;

  /** @param say takes a notice, at most one a second */
  constructor(private readonly say: (line: string) => void) {}

  add(): void {
    this.count++;
    this.schedule();
  }

  /** Notes that more was dropped than is counted. */
  addUnknown(): void {
    this.isExact = false;
    this.schedule();
  }

  /** Says what was not said yet. */
  flush(): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    const least = this.isExact ? '' : 'at least ';
    this.say(`${least}${this.count} dropped so far, filtered ones included: the output is read too slowly`);
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.flush(), PAUSE_MS).unref();
  }
}
