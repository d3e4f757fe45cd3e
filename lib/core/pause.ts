import { type AnySignal, follow, unfollow } from './abort.js';

/**
 * Resolves after the time, in milliseconds, or soon when one of the signals aborts. Never rejects. It uses the global
 * timers, unlike `node:timers/promises`, so that tests can fake its time.
 */
export function pause(milliseconds: number, ...signals: readonly (AnySignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) if (signal) unfollow(signal, end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    for (const signal of signals) if (signal) follow(signal, end);
  });
}
