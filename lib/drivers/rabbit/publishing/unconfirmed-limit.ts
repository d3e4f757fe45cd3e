import { ClientSendError } from '../../../core/errors.js';
import type { DriverContext } from '../../driver-context.js';

/** Bound of the messages without a confirm. Under an alarm the broker confirms nothing, and memory must not grow. */
export class UnconfirmedLimit {
  private count = 0;
  private size = 0;
  /** Number of messages whose confirms closing waits for. */
  awaited = 0;
  private settled: (() => void) | undefined;

  constructor(private readonly context: DriverContext) {}

  get messages(): number {
    return this.count;
  }

  get bytes(): number {
    return this.size;
  }

  /** @throws ClientSendError when `limits.pendingPublishes` or `limits.pendingPublishBytes` is reached */
  assertRoom(size: number): void {
    const { pendingPublishes, pendingPublishBytes } = this.context.settings.limits;
    if (this.count >= pendingPublishes) {
      this.context.counters.count('overLimit');
      throw new ClientSendError(
        `${this.count} messages wait for the broker to confirm them, which is the limit (limits.pendingPublishes)`,
      );
    }
    if (this.size + size > pendingPublishBytes) {
      this.context.counters.count('overLimit');
      throw new ClientSendError(
        `${this.size} bytes wait for the broker to confirm them, and with ${size} more they would be over the limit of ${pendingPublishBytes} (limits.pendingPublishBytes)`,
      );
    }
  }

  /** Counts a message until it is removed. @param awaited true when closing waits for its confirm */
  add(size: number, awaited: boolean): void {
    this.count++;
    this.size += size;
    if (awaited) this.awaited++;
  }

  remove(size: number, awaited: boolean): void {
    this.count--;
    this.size -= size;
    if (awaited && --this.awaited === 0) this.settled?.();
  }

  /** Resolves when every awaited confirm has arrived. */
  async whenSettled(): Promise<void> {
    if (this.awaited === 0) return;
    await new Promise<void>((resolve) => {
      this.settled = resolve;
    });
  }
}
