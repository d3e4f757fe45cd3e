import { Script } from 'node:vm';

/** The work's result; it is ended, and an error thrown, where it takes longer, even within one regular expression. */
export function within<T>(milliseconds: number, work: () => T): T {
  return new Script('work()').runInNewContext({ work }, { timeout: milliseconds }) as T;
}
