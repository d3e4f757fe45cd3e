import { newScope } from './async-scope.js';
import { toError } from './errors.js';
import { type LogSink, oneLine } from './logger.js';

/** Callbacks of users. An error that one of them throws is logged, and stops neither the others nor the caller. */
export class Listeners<T> {
  private readonly entries = new Set<{ readonly listener: (value: T) => unknown }>();

  /** @param name of the event, for the log */
  constructor(
    private readonly name: string,
    private readonly logger: LogSink,
  ) {}

  /** Calls the listener with the current value and with each later one. Returns a function that ends this. */
  add(listener: (value: T) => unknown, current: T): () => void {
    const entry = { listener };
    this.entries.add(entry);
    this.call(listener, current);
    return () => {
      this.entries.delete(entry);
    };
  }

  emit(value: T): void {
    // Whatever request brings a change about, the listeners are not a part of it.
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
