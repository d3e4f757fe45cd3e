import { createContext, Script } from 'node:vm';

const script = new Script('work()');
const context: { work?: () => unknown } = createContext({});

/** The work's result; it is ended, and an error thrown, where it takes longer, even within one regular expression. */
export function within<T>(milliseconds: number, work: () => T): T {
  context.work = work;
  return script.runInContext(context, { timeout: milliseconds }) as T;
}
