import { setTimeout as sleep } from 'node:timers/promises';
import { type CallContext, MessagingException } from 'nestjs-oslo-messaging';
import { expect } from 'vitest';
import { LagProbe } from './lag-probe.js';

/** Milliseconds after its deadline within which a call settles on a machine that is not busy. */
const GRACE_MS = 250;

/** Notes how calls settle: each must, with its own result or a typed error, and not long after its deadline. */
export class CallWatch {
  /** Number of calls per outcome: `right`, the code of an error, or a wrong result. */
  readonly outcomes = new Map<string, number>();
  private readonly calls: Promise<void>[] = [];
  private readonly lag = new LagProbe();
  private latest = 0;

  /** @param size characters of each value, at the least */
  constructor(private readonly size = 0) {}

  /** Calls `echo` with a value of its own. @param timeout seconds */
  call(client: CallContext & { prepare(changes: { timeout: number }): CallContext }, timeout: number): void {
    this.lag.start();
    const value = `value ${this.calls.length} `.padEnd(this.size, '.');
    const call = client.prepare({ timeout }).call({}, 'echo', { value });
    // A busy machine may also keep the process from running before the library looks at the clock.
    const due = performance.now() + timeout * 1000;
    const outcome = call.then(
      (result) => (result === value ? 'right' : 'wrong'),
      (error: unknown) => (error instanceof MessagingException ? error.code : `untyped: ${error}`),
    );
    this.calls.push(
      outcome.then((what) => {
        const late = performance.now() - due;
        if (late > this.latest) this.latest = Math.max(this.latest, late - this.lag.since(due));
        this.outcomes.set(what, (this.outcomes.get(what) ?? 0) + 1);
      }),
    );
  }

  /** Calls again and again, so many at a time, until told to stop. @param pause milliseconds in between */
  async keepCalling(
    client: Parameters<CallWatch['call']>[0],
    timeout: number,
    pause: number,
    end: AbortSignal,
  ): Promise<void> {
    while (!end.aborted) {
      this.call(client, timeout);
      await sleep(pause);
    }
  }

  /** Resolves with the outcomes of all calls, once they have settled as they should. */
  async settled(): Promise<Record<string, number>> {
    await Promise.all(this.calls);
    this.lag.stop();
    const outcomes = Object.fromEntries(this.outcomes);
    expect(Object.keys(outcomes).filter((what) => /wrong|untyped/.test(what))).toEqual([]);
    expect(this.latest).toBeLessThan(GRACE_MS);
    return outcomes;
  }
}
