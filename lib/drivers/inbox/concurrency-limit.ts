import { newScope } from '../../core/async-scope.js';
import { toError } from '../../core/errors.js';
import { type LogSink, oneLine } from '../../core/logger.js';

/** What is done with an item that needs a slot. */
export interface Work<T> {
  /** The slot is free again when the promise settles. */
  start(item: T): Promise<unknown>;
  /** Called instead of `start` for what will never be started. */
  abandon(item: T): void;
  /** Takes what the item needs besides a slot. @returns what is given back when it has ended; undefined where it has to wait */
  take?(item: T): number | undefined;
  give?(taken: number): void;
}

/** Works on a bounded number of items at a time; the others wait in order. */
export class ConcurrencyLimit<T> {
  private readonly waiting: T[] = [];
  private readonly idle: (() => void)[] = [];
  private running = 0;
  private open = true;

  constructor(
    private readonly limit: number,
    private readonly logger: LogSink,
    private readonly work: Work<T>,
  ) {}

  /** Items in work now. */
  get taken(): number {
    return this.running;
  }

  /** Starts with the item before it returns, if a slot is free. */
  add(item: T): void {
    if (!this.open) this.work.abandon(item);
    else if (this.waiting.length > 0 || !this.begin(item)) this.waiting.push(item);
  }

  /**
   * Takes nothing new.
   * @param finish whether what waits is worked on as well, as far as there is time, instead of being abandoned
   */
  close(finish = false): void {
    this.open = false;
    if (!finish) this.abandonAll();
  }

  /** Closes; resolves when all that runs has ended, or after the time. */
  async drain(milliseconds: number, finish = false): Promise<void> {
    this.close(finish);
    if (this.running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.abandonAll();
        this.logger.warn(`${this.running} handlers were still running after the drain timeout`);
        resolve();
      }, milliseconds);
      this.idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private abandonAll(): void {
    for (const item of this.waiting.splice(0)) this.work.abandon(item);
  }

  /** Starts with the item, unless it has to wait. */
  private begin(item: T): boolean {
    if (this.running >= this.limit) return false;
    const { work } = this;
    const taken = work.take === undefined ? 0 : work.take(item);
    if (taken === undefined) return false;
    this.start(item, taken);
    return true;
  }

  private start(item: T, taken: number): void {
    this.running++;
    // Most take nothing.
    const free = taken === 0 ? this.free : () => this.giveBack(taken);
    // A tick, a socket or the item before brings it here: none of their async contexts is the item's.
    newScope()
      .runInAsyncScope(this.work.start, this.work, item)
      .then(free, (error: unknown) => {
        this.logger.error(`A message could not be processed: ${oneLine(toError(error).message)}`);
        free();
      });
  }

  private giveBack(taken: number): void {
    this.work.give?.(taken);
    this.free();
  }

  private readonly free = (): void => {
    this.running--;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      if (this.begin(next)) continue;
      this.waiting.unshift(next);
      return;
    }
    if (this.running === 0) for (const resolve of this.idle.splice(0)) resolve();
  };
}
