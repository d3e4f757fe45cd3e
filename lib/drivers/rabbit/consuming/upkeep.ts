import { toError } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import type { Settings } from '../../../core/settings.js';

/** Something that can look whether it is still in order at the broker. */
export interface Inspected {
  /** Repairs what it can. Rejects when it could not look. */
  inspect(): Promise<void>;
}

/**
 * Looks after what consumers need at the broker: one after the other, each once in an interval, at random distances. A
 * queue that expires, an exchange that is deleted and a binding that is removed make no sound.
 */
export class Upkeep {
  private readonly inspected: Inspected[] = [];
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private next = 0;

  constructor(private readonly settings: Settings) {}

  /** Looks after it from now on. Returns a function that ends this. */
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
    const { topologyCheckInterval: interval } = this.settings.rabbit;
    if (this.timer || this.looking || interval === 0 || this.inspected.length === 0) return;
    const distance = (interval / this.inspected.length) * (0.5 + Math.random());
    this.timer = setTimeout(() => void this.look(), distance);
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    this.looking = true;
    this.next = (this.next + 1) % Math.max(1, this.inspected.length);
    try {
      await this.inspected[this.next]?.inspect();
    } catch (thrown) {
      // The loss of a connection or a channel has its own event.
      this.settings.logger.debug(`Could not look after the queues: ${oneLine(toError(thrown).message)}`);
    }
    this.looking = false;
    this.schedule();
  }
}
