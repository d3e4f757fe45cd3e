import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { payload } from './payload.js';
import type { BenchClient } from './peer.js';
import { percentile } from './statistics.js';

/** So many calls in flight, each followed by the next: for a time, or until so many are made. */
export type Load = { inFlight: number } & ({ seconds: number } | { calls: number });

/** So many calls every second, however long they take. */
export interface Pace {
  ratePerSecond: number;
  seconds: number;
}

export interface LoadResult {
  answered: number;
  errors: number;
  /** The first error's text, since one tells more than a count. */
  firstError: string | null;
  seconds: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  /** Of this process, user and system. */
  cpuMicros: number;
}

export interface PaceResult extends LoadResult {
  /** Whether all calls were made. Where not, the latencies are those of a peer that fell ever further behind. */
  keptUp: boolean;
}

type Args = Record<string, unknown>;

export async function applyLoad(client: BenchClient, load: Load, args: Args): Promise<LoadResult> {
  const tally = new Tally();
  let left = 'calls' in load ? load.calls : Number.POSITIVE_INFINITY;
  const end = 'seconds' in load ? performance.now() + load.seconds * 1000 : Number.POSITIVE_INFINITY;
  // With one promise for a call: more of them would be a good part of what is measured, where that is fast.
  async function caller(): Promise<void> {
    for (let from = performance.now(); left-- > 0 && from < end; from = performance.now()) {
      try {
        await client.call(args);
        tally.answered(from);
      } catch (error) {
        tally.failed(error);
      }
    }
  }
  await Promise.all(Array.from({ length: load.inFlight }, caller));
  return tally.result();
}

/** More than this in flight, and the pace is more than the peer can go. */
const HOPELESS = 5000;

/** A timer's own lateness in milliseconds, which is not the peer's. */
const TIMER = 2;

/** Latencies run from when a call was due, so that a stall is not excused by the calls that it held up. */
export async function applyPace(
  client: BenchClient,
  { ratePerSecond, seconds }: Pace,
  args: Args,
): Promise<PaceResult> {
  const tally = new Tally();
  const calls: Promise<void>[] = [];
  const start = performance.now();
  const total = Math.round(ratePerSecond * seconds);
  while (calls.length < total && calls.length - tally.settled < HOPELESS) {
    await sleep(1);
    const now = performance.now();
    const due = Math.min(total, Math.floor(((now - start) / 1000) * ratePerSecond));
    while (calls.length < due) {
      const ideal = start + (calls.length / ratePerSecond) * 1000;
      calls.push(tally.time(client, args, now - ideal > TIMER ? ideal : now));
    }
  }
  await Promise.all(calls);
  return { ...tally.result(), keptUp: calls.length === total };
}

/** What became of the calls. */
class Tally {
  readonly #latencies: number[] = [];
  readonly #start = performance.now();
  readonly #cpu = process.cpuUsage();
  #errors = 0;
  #firstError: string | null = null;

  get settled(): number {
    return this.#latencies.length + this.#errors;
  }

  async time(client: BenchClient, args: Args, from: number): Promise<void> {
    try {
      await client.call(args);
      this.answered(from);
    } catch (error) {
      this.failed(error);
    }
  }

  answered(from: number): void {
    this.#latencies.push(performance.now() - from);
  }

  failed(error: unknown): void {
    this.#errors++;
    this.#firstError ??= String(error);
  }

  result(): LoadResult {
    const { user, system } = process.cpuUsage(this.#cpu);
    const seconds = (performance.now() - this.#start) / 1000;
    const latencies = this.#latencies.sort((a, b) => a - b);
    return {
      answered: latencies.length,
      errors: this.#errors,
      firstError: this.#firstError,
      seconds,
      p50Ms: percentile(latencies, 0.5),
      p90Ms: percentile(latencies, 0.9),
      p99Ms: percentile(latencies, 0.99),
      cpuMicros: user + system,
    };
  }
}

/** A peer that answers fast and wrong must not enter the comparison. */
export async function checkEcho(client: BenchClient): Promise<void> {
  const answer = await client.call(payload);
  if (!isDeepStrictEqual(answer, payload)) throw new Error(`not an echo: ${JSON.stringify(answer)}`);
}
