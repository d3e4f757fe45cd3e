/** Channel on which messages are settled. */
interface Settling {
  /** Acknowledges one message, or all up to it. Returns false when the channel is closed. */
  acknowledge(tag: number, multiple: boolean): boolean;
  /** Requeues a message. @param counted true where the broker is to count it as a return */
  requeue(tag: number, counted: boolean): void;
}

/** Consumer that holds delivered messages. */
export interface Holder {
  readonly reader: object;
  readonly queue: string;
}

/**
 * Settles the deliveries of one channel. Acknowledgements are gathered, for a step of the event loop or longer, and
 * consecutive ones share a frame. A frame and a system call for each message would be a large share of the cost of a
 * small call, here and at the broker.
 */
export class Acknowledger {
  /** Holders by delivery tag, in the order of delivery. The prefetch limit bounds their number. */
  private readonly outstanding = new Map<number, Holder>();
  private settled: number[] = [];
  private flushing: Promise<boolean> | undefined;
  private flushNow: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param delay time for which acknowledgements are gathered, in milliseconds; 0 for the current step */
  constructor(
    private readonly channel: Settling,
    private readonly delay: number,
  ) {}

  /** Notes a delivery that is to be settled later. */
  delivered(tag: number, holder: Holder): void {
    this.outstanding.set(tag, holder);
  }

  /** Holder of the oldest delivery that is not settled. */
  get slowest(): Holder | undefined {
    const [first] = this.outstanding.values();
    return first;
  }

  /** Returns the number of deliveries that a reader has not settled. */
  heldBy(reader: object): number {
    return [...this.outstanding.values()].filter((holder) => holder.reader === reader).length;
  }

  /** Returns true while the message can be settled: it is not settled yet, and the broker has not revoked it. */
  holds(tag: number): boolean {
    return this.outstanding.has(tag);
  }

  /**
   * Forgets the deliveries of a consumer that the broker has cancelled. Settling one of them could close the channel.
   * Returns their number.
   */
  revoke(holder: Holder): number {
    const tags = [...this.outstanding].filter(([, each]) => each === holder).map(([tag]) => tag);
    for (const tag of tags) this.outstanding.delete(tag);
    return tags.length;
  }

  /**
   * Resolves with true when the acknowledgement has been written. Resolves with false when the channel is closed or the
   * message has been requeued, so that the broker delivers it again.
   */
  acknowledge(tag: number): Promise<boolean> {
    // The broker closes the channel when a message is settled twice.
    if (!this.outstanding.delete(tag)) return Promise.resolve(false);
    this.settled.push(tag);
    this.flushing ??= new Promise((resolve) => {
      this.flushNow = () => resolve(this.flush());
      if (this.delay === 0) process.nextTick(this.flushNow);
      else this.timer = setTimeout(this.flushNow, this.delay);
    });
    return this.flushing;
  }

  /** Flushes the gathered acknowledgements, and forgets all deliveries because the channel has ended. */
  close(): void {
    clearTimeout(this.timer);
    this.flushNow?.();
    this.outstanding.clear();
  }

  /** Requeues a message. The broker has requeued it already where the channel is closed. */
  requeue(tag: number, counted: boolean): void {
    if (this.outstanding.delete(tag)) this.channel.requeue(tag, counted);
  }

  /** Requeues all deliveries that a reader has not settled. */
  requeueAll(reader: object): void {
    for (const [tag, holder] of this.outstanding) if (holder.reader === reader) this.requeue(tag, false);
  }

  private flush(): boolean {
    const { channel, settled } = this;
    this.settled = [];
    this.flushing = undefined;
    this.flushNow = undefined;
    const [lowest = Number.POSITIVE_INFINITY] = this.outstanding.keys();
    let last = 0;
    let written = true;
    for (const tag of settled) {
      if (tag > lowest) written = channel.acknowledge(tag, false);
      else if (tag > last) last = tag;
    }
    return last > 0 ? channel.acknowledge(last, true) : written;
  }
}
