import { newScope } from './async-scope.js';
import { toError } from './errors.js';
import { type LogSink, oneLine } from './logger.js';

/** Listeners of an event. An error that one of them throws is logged, and stops neither the others nor the caller. */
export class Listeners<T> {
  private readonly entries = new Set<{ readonly listener: (value: T) => unknown }>();

  /** @param name of the event, for the log */
  constructor(
    private readonly name: string,
    private readonly logger: LogSink,
  ) {}

  /** Calls the listener with the current value and with each later one. Returns a function that ends this. */
  add(listener: (value: T) => unknown, current: T): () => void {
    const remove = this.addForNext(listener);
    this.call(listener, current);
    return remove;
  }

  /** Calls the listener with each later value. Returns a function that ends this. */
  addForNext(listener: (value: T) => unknown): () => void {
    const entry = { listener };
    this.entries.add(entry);
    return () => {
      this.entries.delete(entry);
    };
  }

  /** Calls all listeners. */
  emit(value: T): void {
    // The listeners are no part of the request that causes a change, so they run outside of its async context.
    for (const { listener } of [...this.entries]) newScope().runInAsyncScope(this.call, this, listener, value);
  }

  private call(listener: (value: T) => unknown, value: T): void {
    const failed = (thrown: unknown) =>
      this.logger.error(`A listener of ${this.name} failed: ${oneLine(toError(thrown).message)}`);
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}
