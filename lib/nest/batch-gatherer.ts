interface Waiting<Item, Outcome> {
  readonly item: Item;
  settle(outcome: Promise<Outcome>): void;
}

/** Gathers what comes one by one, and has it handled together; each one's outcome is that of its batch. */
export class BatchGatherer<Item, Outcome> {
  private waiting: Waiting<Item, Outcome>[] = [];
  private timer: NodeJS.Timeout | undefined;
  private open = true;

  /** @param timeout milliseconds that an incomplete batch waits, from its first item on; undefined is for ever */
  constructor(
    private readonly size: number,
    private readonly timeout: number | undefined,
    private readonly handle: (items: readonly Item[]) => Promise<Outcome>,
  ) {}

  /** Settles as its batch does. */
  add(item: Item): Promise<Outcome> {
    return new Promise((settle) => {
      this.waiting.push({ item, settle });
      if (!this.open || this.waiting.length >= this.size) this.flush();
      else if (this.timeout !== undefined) this.timer ??= setTimeout(() => this.flush(), this.timeout);
    });
  }

  /** Waits for nothing more: what has been gathered, and what still comes, is handled at once. */
  close(): void {
    this.open = false;
    this.flush();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.waiting.splice(0);
    if (batch.length === 0) return;
    const outcome = this.handle(batch.map(({ item }) => item));
    for (const { settle } of batch) settle(outcome);
  }
}
