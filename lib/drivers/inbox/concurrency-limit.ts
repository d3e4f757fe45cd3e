import { newScope } from '../../core/async-scope.js';
import { toError } from '../../core/errors.js';
import { type LogSink, oneLine } from '../../core/logger.js';

/** Functions that process the items of a {@link ConcurrencyLimit}. */
export interface Work<T> {
  /** Processes an item. Its slot is free again when the promise settles. */
  start(item: T): Promise<unknown>;
  /** Called instead of `start` for an item that will never be started. */
  abandon(item: T): void;
  /** Settles an item in another way instead of letting it wait for a slot. Returns true when it did. Called only when the item would wait. */
  decline?(item: T): boolean;
  /** Called when an item must wait for a free slot. */
  wait?(item: T): void;
  /** Reserves what the item needs besides a slot. Returns the amount to give back, or undefined when it must wait. */
  take?(item: T): number | undefined;
  /** Gives back what `take` returned, when the item has ended. */
  give?(taken: number): void;
  /** Called when a slot is free and no item waits. */
  freed?(): void;
  /** Returns true for an item that needs no slot. Asked only where the item would wait. */
  isExempt?(item: T): boolean;
}

/** Item that knows how to process itself. */
export interface Task {
  start(): Promise<void>;
  abandon(): void;
}

/** Slots of an inbox, and the items that wait for one. */
export interface InboxLoad {
  readonly slots: number;
  readonly waitingForSlot: number;
}

/** Returns the loads as one. */
export function sumOfLoads(loads: readonly InboxLoad[]): InboxLoad {
  const sumOf = (part: keyof InboxLoad) => loads.reduce((sum, load) => sum + load[part], 0);
  return { slots: sumOf('slots'), waitingForSlot: sumOf('waitingForSlot') };
}

/** Work on tasks. */
export const TASKS: Work<Task> = { start: (task) => task.start(), abandon: (task) => task.abandon() };

/** Maximum number of items in work that need no slot. Further ones wait as the others do. */
const MAX_EXEMPT = 16;

/** Processes at most `limit` items at a time. The others wait in order, except those that need no slot. */
export class ConcurrencyLimit<T> {
  private readonly waiting: T[] = [];
  private readonly idle: (() => void)[] = [];
  private running = 0;
  private exempt = 0;
  private open = true;

  constructor(
    readonly limit: number,
    private readonly logger: LogSink,
    private readonly work: Work<T>,
  ) {}

  /** Number of items in work. */
  get taken(): number {
    return this.running;
  }

  /** Number of items that wait for a slot. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Adds an item. Starts it before returning when a slot is free. */
  add(item: T): void {
    if (!this.open) this.work.abandon(item);
    else if ((this.waiting.length > 0 || !this.begin(item)) && !this.beginExempt(item) && !this.work.decline?.(item)) {
      this.work.wait?.(item);
      this.waiting.push(item);
    }
  }

  /**
   * Refuses new items.
   * @param finish true to process the waiting items as well, instead of abandoning them
   */
  close(finish = false): void {
    this.open = false;
    if (!finish) this.abandonAll();
  }

  /** Closes, and resolves when the items in work have ended or the time is over. */
  async drain(milliseconds: number, finish = false): Promise<void> {
    this.close(finish);
    if (this.running + this.exempt === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.abandonAll();
        this.logger.warn(
          `Handlers still running after the drain timeout of ${milliseconds / 1000} s: ${this.running}; closing, their replies are lost`,
        );
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

  /** Starts the item and returns true, or returns false when it must wait. */
  private begin(item: T): boolean {
    if (this.running >= this.limit) return false;
    const { work } = this;
    const taken = work.take === undefined ? 0 : work.take(item);
    if (taken === undefined) return false;
    this.start(item, taken);
    return true;
  }

  /** Starts an item beside the slots and returns true, or returns false when it must wait. */
  private beginExempt(item: T): boolean {
    if (this.exempt >= MAX_EXEMPT || this.work.isExempt?.(item) !== true) return false;
    this.exempt++;
    this.run(item, this.freeExempt);
    return true;
  }

  private start(item: T, taken: number): void {
    this.running++;
    // No closure in the common case.
    this.run(item, taken === 0 ? this.free : () => this.giveBack(taken));
  }

  private run(item: T, free: () => void): void {
    // Called from a tick, a socket or the end of another item, whose async context is not the item's.
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
    this.work.freed?.();
    this.tellIdle();
  };

  private readonly freeExempt = (): void => {
    this.exempt--;
    this.tellIdle();
  };

  private tellIdle(): void {
    if (this.running + this.exempt === 0) for (const resolve of this.idle.splice(0)) resolve();
  }
}
