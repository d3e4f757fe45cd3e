import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../peers/peer.js';
import { percentile } from '../statistics.js';
import type { Args } from './payload.js';

/** Calls that are made at a rate, however many of them fail. */
export interface Pressure {
  ratePerSecond: number;
  seconds: number;
  /** Time after which a caller gives up. */
  timeoutMs: number;
}

/** Outcomes of calls in one second, counted in the second of the outcome. */
export interface Second {
  inTime: number;
  refused: number;
  /** Timeouts, and any other failure. */
  failed: number;
}

export type Pressed = Awaited<ReturnType<typeof applyPressure>>;

/** Makes calls at the rate and resolves when all are settled. */
export async function applyPressure(call: Call, { ratePerSecond, seconds, timeoutMs }: Pressure, args: Args) {
  const start = performance.now();
  const length = Math.ceil(seconds + timeoutMs / 1000) + 1;
  const row: Second[] = Array.from({ length }, () => ({ inTime: 0, refused: 0, failed: 0 }));
  const served: number[] = [];
  const refused: number[] = [];
  const settled = { calls: 0 };
  let firstError: string | undefined;
  const settle = (from: number, outcome: keyof Second): void => {
    const now = performance.now();
    const second = row[Math.min(length - 1, Math.floor((now - start) / 1000))] as Second;
    settled.calls++;
    second[outcome]++;
    if (outcome === 'inTime') served.push(now - from);
    if (outcome === 'refused') refused.push(now - from);
  };
  const callAt = (from: number) =>
    call(args).then(
      () => settle(from, performance.now() - from <= timeoutMs ? 'inTime' : 'failed'),
      (error: unknown) => {
        const isRefusal = (error as { code?: unknown }).code === 'SERVER_OVERLOADED';
        if (!isRefusal) firstError ??= String(error);
        settle(from, isRefusal ? 'refused' : 'failed');
      },
    );
  const total = Math.round(ratePerSecond * seconds);
  const calls: Promise<void>[] = [];
  while (calls.length < total) {
    await sleep(2);
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * ratePerSecond));
    while (calls.length < due) calls.push(callAt(performance.now()));
  }
  const madeIn = (performance.now() - start) / 1000;
  await Promise.all(calls);
  const sorted = (values: number[]) => values.sort((a, b) => a - b);
  return {
    calls: total,
    madeIn,
    row,
    servedP50Ms: percentile(sorted(served), 0.5),
    servedP99Ms: percentile(served, 0.99),
    refusedP50Ms: percentile(sorted(refused), 0.5),
    refusedP99Ms: percentile(refused, 0.99),
    firstError,
  };
}
