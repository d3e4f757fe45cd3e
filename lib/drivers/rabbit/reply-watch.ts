import { newScope } from '../../core/async-scope.js';
import { type Backoff, backoffDelay } from '../../core/backoff.js';

/** Time without a reply after which the reply queue is checked while calls wait, and between further checks. */
const CHECK: Backoff = { first: 1500, growth: 'doubling', cap: 30_000 };

/**
 * Checks the reply queue while calls wait and no reply arrives. A broker may lose the queue and keep its consumer, which
 * then gets nothing: after the failure of a node, a cluster deletes the queues of that node by name, also those that
 * were declared again on another node in the meantime.
 */
export class ReplyWatch {
  private timer: NodeJS.Timeout | undefined;
  private isSilent = true;
  private checks = 0;
  private closed = false;

  /**
   * @param isWaiting returns true while a call waits for its reply
   * @param check checks the reply queue and repairs it. A failed check has no effect on the next
   */
  constructor(
    private readonly isWaiting: () => boolean,
    private readonly check: () => Promise<void>,
  ) {}

  /** Notes that a call begins to wait. */
  waiting(): void {
    if (!this.timer && !this.closed) this.arm();
  }

  /** Notes that a reply has arrived. */
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
    const delay = backoffDelay(CHECK, this.checks);
    // It serves all calls, so that it keeps neither the async context of the first nor the process alive.
    this.timer = newScope().runInAsyncScope(() => setTimeout(() => void this.look(), delay).unref());
  }

  private async look(): Promise<void> {
    const isLost = this.isSilent && this.isWaiting();
    this.checks = isLost ? this.checks + 1 : 0;
    if (isLost) await this.check().catch(() => undefined);
    this.timer = undefined;
    if (this.isWaiting()) this.waiting();
  }
}
