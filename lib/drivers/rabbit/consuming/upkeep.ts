import { toError } from '../../../core/errors.js';
import { type LogSink, oneLine } from '../../../core/logger.js';

/** Part of the topology that can check itself at the broker. */
export interface Inspected {
  /** Checks and repairs it. Rejects when the check fails. */
  inspect(): Promise<void>;
}

/**
 * Checks the queues, exchanges and bindings of consumers, one consumer at a time, each once in an interval, at random
 * distances. The broker does not notify a consumer of an expired queue, a deleted exchange or a removed binding.
 */
export class Upkeep {
  private readonly inspected: Inspected[] = [];
  private timer: NodeJS.Timeout | undefined;
  private checking = false;
  private next = 0;

  /** @param interval milliseconds in which each consumer is checked once; 0 for no checks */
  constructor(
    private readonly interval: number,
    private readonly logger: LogSink,
  ) {}

  /** Adds a consumer to the regular checks. Returns a function that removes it. */
  add(inspected: Inspected): () => void {
    this.inspected.push(inspected);
    this.schedule();
    return () => this.remove(inspected);
  }

  private remove(inspected: Inspected): void {
    const index = this.inspected.indexOf(inspected);
    if (index >= 0) this.inspected.splice(index, 1);
    if (this.inspected.length > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(): void {
    if (this.timer || this.checking || this.interval === 0 || this.inspected.length === 0) return;
    const distance = (this.interval / this.inspected.length) * (0.5 + Math.random());
    this.timer = setTimeout(() => void this.check(), distance);
  }

  private async check(): Promise<void> {
    this.timer = undefined;
    this.checking = true;
    this.next = (this.next + 1) % Math.max(1, this.inspected.length);
    try {
      await this.inspected[this.next]?.inspect();
    } catch (thrown) {
      // The loss of a connection or a channel has its own event.
      this.logger.debug(`Could not check the queues: ${oneLine(toError(thrown).message)}; the next check follows`);
    }
    this.checking = false;
    this.schedule();
  }
}
