import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { BenchClient } from '../peers/peer.js';
import { percentile } from '../statistics.js';
import { payload } from './payload.js';

/** Keeps a number of calls in flight for a time, or until a number of calls is made. */
export type Load = { inFlight: number } & ({ seconds: number } | { calls: number });

/** Makes a number of calls every second, however long they take. */
export interface Pace {
  ratePerSecond: number;
  seconds: number;
}

export interface LoadResult {
  answered: number;
  errors: number;
  firstError: string | null;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of this process. */
  cpuMicros: number;
}

export interface PaceResult extends LoadResult {
  /** True when all calls were made. Otherwise the peer fell ever further behind. */
  keptUp: boolean;
}

type Args = Record<string, unknown>;

export async function applyLoad(client: BenchClient, load: Load, args: Args): Promise<LoadResult> {
  const tally = new Tally();
  let left = 'calls' in load ? load.calls : Number.POSITIVE_INFINITY;
  const end = 'seconds' in load ? performance.now() + load.seconds * 1000 : Number.POSITIVE_INFINITY;
  // One promise for a call: more of them would be a good part of the time of a fast one.
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

/** Calls in flight at which a peer counts as too slow for the pace. */
const MAX_BEHIND = 5000;

/** Delay of a timer, which is not the peer's. */
const TIMER_MS = 2;

/** Measures latencies from when a call was due, so that they include a stall that held up the calls. */
export async function applyPace(
  client: BenchClient,
  { ratePerSecond, seconds }: Pace,
  args: Args,
): Promise<PaceResult> {
  const tally = new Tally();
  const calls: Promise<void>[] = [];
  const start = performance.now();
  const total = Math.round(ratePerSecond * seconds);
  while (calls.length < total && calls.length - tally.settled < MAX_BEHIND) {
    await sleep(1);
    const now = performance.now();
    const due = Math.min(total, Math.floor(((now - start) / 1000) * ratePerSecond));
    while (calls.length < due) {
      const ideal = start + (calls.length / ratePerSecond) * 1000;
      calls.push(tally.time(client, args, now - ideal > TIMER_MS ? ideal : now));
    }
  }
  await Promise.all(calls);
  return { ...tally.result(), keptUp: calls.length === total };
}

/** Outcomes of the calls. */
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
      p99Ms: percentile(latencies, 0.99),
      cpuMicros: user + system,
    };
  }
}

/** Fails for a peer whose answer is wrong. */
export async function checkEcho(client: BenchClient): Promise<void> {
  const answer = await client.call(payload);
  if (!isDeepStrictEqual(answer, payload)) throw new Error(`not an echo: ${JSON.stringify(answer)}`);
}
