/** A channel, as far as messages are settled on it. */
interface Settling {
  /** One, or all up to it. False when the channel is gone. */
  acknowledge(tag: number, multiple: boolean): boolean;
  /** @param counted whether it counts as a return, where the broker tells that apart */
  requeue(tag: number, counted: boolean): void;
}

/** Consumer that messages were delivered to. */
export interface Holder {
  readonly reader: object;
}

/**
 * Settles what one channel delivered: once in a step of the event loop, or less often still, with one frame for all
 * that has been settled in a row. A frame and a system call for each message would be a good part of what a small call
 * costs, here and at the broker.
 */
export class Acknowledger {
  /** To whom it was delivered, in that order, and never more than the prefetch limit lets through. */
  private readonly outstanding = new Map<number, Holder>();
  private settled: number[] = [];
  private flushing: Promise<boolean> | undefined;
  private flushNow: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param delay milliseconds for which acknowledgements may be gathered; 0 is to the end of the step */
  constructor(
    private readonly channel: Settling,
    private readonly delay: number,
  ) {}

  /** Notes a delivery, which has to be settled some day. */
  delivered(tag: number, holder: Holder): void {
    this.outstanding.set(tag, holder);
  }

  /** Who has held a delivery for longest. */
  get slowest(): object | undefined {
    const [first] = this.outstanding.values();
    return first?.reader;
  }

  /** Tells whether the message can still be settled: not if it was, and not if the broker has taken it back. */
  holds(tag: number): boolean {
    return this.outstanding.has(tag);
  }

  /**
   * Forgets what a consumer holds that the broker has cancelled: to settle one of these messages could cost the channel.
   * Returns their number.
   */
  revoke(holder: Holder): number {
    const tags = [...this.outstanding].filter(([, each]) => each === holder).map(([tag]) => tag);
    for (const tag of tags) this.outstanding.delete(tag);
    return tags.length;
  }

  /**
   * Resolves when the acknowledgement has been written: false when the channel is gone or the message has been put back,
   * so that the broker delivers it again.
   */
  acknowledge(tag: number): Promise<boolean> {
    // To settle a message twice would cost the channel.
    if (!this.outstanding.delete(tag)) return Promise.resolve(false);
    this.settled.push(tag);
    this.flushing ??= new Promise((resolve) => {
      this.flushNow = () => resolve(this.flush());
      if (this.delay === 0) process.nextTick(this.flushNow);
      else this.timer = setTimeout(this.flushNow, this.delay);
    });
    return this.flushing;
  }

  /** For the channel's end: nothing waits any longer. */
  close(): void {
    clearTimeout(this.timer);
    this.flushNow?.();
    this.outstanding.clear();
  }

  /** Puts a message back into its queue. Without the channel it is there already. */
  requeue(tag: number, counted: boolean): void {
    if (this.outstanding.delete(tag)) this.channel.requeue(tag, counted);
  }

  /** Puts back all that a reader holds, and has not begun with. */
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
