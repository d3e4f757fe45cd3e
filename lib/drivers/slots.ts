import { toError } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';

/** A piece of work that needs a slot. */
export interface Task {
  start(): Promise<void>;
  /** Called instead of `start` when it will never be started. */
  abandon(): void;
}

/** Runs a bounded number of tasks at a time; the others wait in order. */
export class Slots {
  private readonly waiting: Task[] = [];
  private readonly idle: (() => void)[] = [];
  private running = 0;
  private open = true;

  constructor(
    private readonly limit: number,
    private readonly logger: LogSink,
  ) {}

  /** Tasks that run now. */
  get taken(): number {
    return this.running;
  }

  /** Starts the task before it returns, if a slot is free. */
  add(task: Task): void {
    if (!this.open) task.abandon();
    else if (this.running < this.limit) void this.start(task);
    else this.waiting.push(task);
  }

  /** Starts nothing new; resolves when all that runs has ended, or after the time. */
  async drain(milliseconds: number): Promise<void> {
    this.open = false;
    for (const task of this.waiting.splice(0)) task.abandon();
    if (this.running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.logger.warn(`${this.running} handlers were still running after the drain timeout`);
        resolve();
      }, milliseconds);
      this.idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private async start(task: Task): Promise<void> {
    this.running++;
    try {
      await task.start();
    } catch (error) {
      this.logger.error(`A message could not be processed: ${oneLine(toError(error).message)}`);
    } finally {
      this.running--;
      const next = this.waiting.shift();
      if (next) void this.start(next);
      else if (this.running === 0) for (const resolve of this.idle.splice(0)) resolve();
    }
  }
}
