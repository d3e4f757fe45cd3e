import { newScope } from '../../../core/async-scope.js';
import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import { settleWithin } from '../../../core/settle-within.js';

/** Time of silence after which a check is made while something waits, and between further checks. */
const CHECK: Backoff = { first: 1000, growth: 'doubling', cap: 30_000 };

/** Time in milliseconds after which a check is not waited for. */
const CHECK_TIMEOUT_MS = 5000;

/**
 * Makes checks while something waits for the broker and nothing arrives. A broker may lose a queue and keep its consumer,
 * which then gets nothing: after the failure of a node, a cluster deletes the queues of that node by name, also those that
 * were declared again on another node in the meantime. And a node may be cut off from its cluster.
 */
export class SilenceWatch {
  private timer: NodeJS.Timeout | undefined;
  private isSilent = true;
  private checks = 0;
  private closed = false;

  /**
   * @param isWaiting returns true while something waits
   * @param check finds the reason for the silence and repairs it. A failed check has no effect on the next
   * @param isStuck returns true where a part of what waits has waited since the call before, although something arrived
   * @param longest longest time between two checks, in milliseconds
   */
  constructor(
    private readonly isWaiting: () => boolean,
    private readonly check: () => Promise<unknown>,
    private readonly isStuck: () => boolean = () => false,
    private readonly longest = Number.POSITIVE_INFINITY,
  ) {}

  /** Notes that something begins to wait. */
  waiting(): void {
    if (!this.timer && !this.closed) this.arm();
  }

  /** Notes that something has arrived. */
  received(): void {
    this.isSilent = false;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    this.isSilent = true;
    const delay = Math.min(this.longest, backoffDelay(CHECK, this.checks));
    // It serves all that wait, so that it keeps neither the async context of the first nor the process alive.
    this.timer = newScope().runInAsyncScope(() => setTimeout(() => void this.look(), delay).unref());
  }

  private async look(): Promise<void> {
    const isLost = (this.isStuck() || this.isSilent) && this.isWaiting();
    this.checks = isLost ? this.checks + 1 : 0;
    if (isLost) await settleWithin(this.check(), CHECK_TIMEOUT_MS);
    this.timer = undefined;
    if (this.isWaiting()) this.waiting();
  }
}
