import { MAX_TIMER_MS } from '../core/duration.js';
import { MessagingException } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';
import { loggedStack } from '../core/thrown.js';
import { logHandled } from '../messaging/log-fields.js';

/** Hooks of one request, bound to its context. */
export interface Hooks {
  /** Calls `done` to have the request processed. The result of the hook is ignored. */
  readonly start: (done: () => Promise<void> | undefined) => unknown;
  /** Runs after the work. */
  readonly end: () => unknown;
  readonly logger: LogSink;
  /** Time in which the start hook must call `done`. */
  readonly timeoutMs: number;
}

/**
 * Runs work between Nest's processing hooks, and settles as the work does. A start hook may ignore `done`'s promise, as
 * `als.run(store, done)` does. It can refuse the request by throwing before it calls `done`. Later errors of hooks are
 * logged.
 */
export function runBetweenHooks<T>(work: () => Promise<T>, hooks: Hooks): Promise<T> {
  return new Promise((resolve, reject) => new HookedWork(work, hooks, resolve, reject).start());
}

class HookedWork<T> {
  private working: Promise<void> | undefined;
  private answer: () => void = () => undefined;
  private refused = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly work: () => Promise<T>,
    private readonly hooks: Hooks,
    private readonly resolve: (result: T) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  start(): void {
    this.guard(
      () => this.hooks.start(() => this.begin()),
      (error) => (this.working ? this.log('start', error) : this.refuse(error)),
    );
    if (this.working || this.refused) return;
    this.timer = setTimeout(() => this.giveUp(), Math.min(this.hooks.timeoutMs, MAX_TIMER_MS)).unref();
  }

  /** Runs the work once, in the async context of the start hook. The promise never rejects, so a hook may ignore it. */
  private begin(): Promise<void> | undefined {
    if (this.working || this.refused) return this.working;
    clearTimeout(this.timer);
    this.working = this.process();
    void this.finish(this.working);
    return this.working;
  }

  private async process(): Promise<void> {
    try {
      const result = await this.work();
      this.answer = () => this.resolve(result);
    } catch (error) {
      this.answer = () => this.reject(error);
    }
  }

  private async finish(working: Promise<void>): Promise<void> {
    await working;
    // The end hook runs after the code of the start hook behind `await done()`.
    await undefined;
    this.guard(this.hooks.end, (error) => this.log('end', error));
    this.answer();
  }

  /** Calls a hook and reports its error, thrown or rejected. */
  private guard(hook: () => unknown, report: (error: unknown) => void): void {
    try {
      const returned = hook();
      if (returned instanceof Promise) returned.catch(report);
    } catch (error) {
      report(error);
    }
  }

  private giveUp(): void {
    const seconds = this.hooks.timeoutMs / 1000;
    this.refuse(
      new MessagingException(
        `The processing start hook did not call done() within ${seconds} s, so the request was not processed. Call done() in every case, or throw`,
      ),
    );
  }

  private refuse(error: unknown): void {
    this.refused = true;
    clearTimeout(this.timer);
    this.reject(error);
  }

  private log(hook: 'start' | 'end', error: unknown): void {
    logHandled(
      this.hooks.logger,
      'error',
      `The processing ${hook} hook failed; the request is answered all the same: ${oneLine(loggedStack(error), 4000)}`,
    );
  }
}
