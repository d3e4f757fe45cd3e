import type { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure } from '../../core/errors.js';
import type { Target } from '../../core/target.js';
import type { SendOptions } from '../driver.js';
import type { DriverContext } from '../driver-context.js';
import type { MemoryBroker } from './memory-broker.js';
import type { MemoryTap, Placement } from './memory-tap.js';
import type { PassedMessage } from './passed-message.js';

/** Returns the error of a publish, and the cause of a timeout, while the broker cannot be reached. */
export const unreachable = () => new MessageDeliveryFailure('The embedded broker is disconnected');

/** Publishes the messages of one transport on an embedded broker with a tap. */
export class TappedPublisher {
  /** Ends of the waits for the broker. */
  private readonly waits = new Set<() => void>();
  private readonly unwatch: () => void;
  private closed = false;

  constructor(
    private readonly context: DriverContext,
    private readonly broker: MemoryBroker,
    private readonly tap: MemoryTap,
  ) {
    this.unwatch = broker.outage.watch(() => this.endWaits());
  }

  /** True while the broker cannot be reached: publish after {@link reach}. */
  get isCutOff(): boolean {
    return this.broker.outage.isOn;
  }

  /**
   * Publishes a message. Returns false when no queue is bound for it.
   * @param target target of a request
   * @param expires time at which the caller gives up, on the monotonic clock in milliseconds; undefined for never
   * @throws MessageDeliveryFailure when a queue is at its limit
   */
  publish(exchange: string, key: string, content: PassedMessage, target?: Target, expires?: number): boolean {
    const { context, broker, tap } = this;
    const place = (placement?: Placement) =>
      broker.publish(context, exchange, key, placement?.content ?? content, expires, placement?.again);
    return tap.publish({ exchange, key, content, target, isRouted: broker.isBound(exchange, key) }, place);
  }

  /**
   * Resolves when the broker can be reached.
   * @throws MessageDeliveryFailure at the deadline, without retries at once, and when the transport closes
   */
  async reach({ deadline, retry }: Pick<SendOptions, 'deadline' | 'retry'>): Promise<void> {
    const { outage } = this.broker;
    while (outage.isOn) {
      if (retry === 0) throw unreachable();
      await this.nextChange(deadline);
      if (this.closed) throw new MessageDeliveryFailure('The transport was closed');
    }
  }

  /** Ends the waits for the broker. */
  close(): void {
    this.closed = true;
    this.unwatch();
    this.endWaits();
  }

  /** Resolves when the outage ends or the transport closes. */
  private async nextChange(deadline: Deadline): Promise<void> {
    const { outage } = this.broker;
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.waits.add(end);
    outage.waiting++;
    try {
      await deadline.race(over, unreachable);
    } finally {
      this.waits.delete(end);
      outage.waiting--;
    }
  }

  private endWaits(): void {
    for (const end of this.waits) end();
  }
}
