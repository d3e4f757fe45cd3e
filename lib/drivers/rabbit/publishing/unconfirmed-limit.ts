import { BoundedTotal } from '../../../core/bounded-total.js';
import { ClientSendError } from '../../../core/errors.js';
import type { DriverContext } from '../../driver-context.js';

/** Bound of the messages without a confirm. Under an alarm the broker confirms nothing, and memory must not grow. */
export class UnconfirmedLimit {
  private readonly total: BoundedTotal;
  /** Number of messages whose confirms closing waits for. */
  awaited = 0;
  private settled: (() => void) | undefined;

  constructor(private readonly context: DriverContext) {
    const { pendingPublishes, pendingPublishBytes } = context.settings.limits;
    this.total = new BoundedTotal(pendingPublishes, pendingPublishBytes);
  }

  get messages(): number {
    return this.total.messages;
  }

  get bytes(): number {
    return this.total.bytes;
  }

  /** @throws ClientSendError when `limits.pendingPublishes` or `limits.pendingPublishBytes` is reached */
  assertRoom(size: number): void {
    const exceeded = this.total.exceededBy(size);
    if (exceeded === undefined) return;
    this.context.counters.count('overLimit');
    const { messages, bytes, maxBytes } = this.total;
    throw new ClientSendError(
      exceeded === 'messages'
        ? `${messages} messages wait for the broker to confirm them, which is the limit (limits.pendingPublishes)`
        : `${bytes} bytes wait for the broker to confirm them, and with ${size} more they would be over the limit of ${maxBytes} (limits.pendingPublishBytes)`,
    );
  }

  /** Counts a message until it is removed. @param awaited true when closing waits for its confirm */
  add(size: number, awaited: boolean): void {
    this.total.add(size);
    if (awaited) this.awaited++;
  }

  remove(size: number, awaited: boolean): void {
    this.total.remove(size);
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
