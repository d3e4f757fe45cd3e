import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Call } from '../peers/peer.js';
import { percentile } from '../statistics.js';
import { type Args, payload } from './payload.js';

/** Keeps a number of calls in flight for a time, or until a number of calls is made. */
export interface Load {
  inFlight: number;
  seconds?: number;
  calls?: number;
}

/** Makes a number of calls every second, however long they take. */
export interface Pace {
  ratePerSecond: number;
  seconds: number;
}

/** Calls in flight at which a peer counts as too slow for the pace. */
const MAX_BEHIND = 5000;

/** Delay of a timer, which is not the peer's. */
const TIMER_MS = 2;

export async function applyLoad(call: Call, load: Load, args: Args) {
  const { inFlight, seconds = Number.POSITIVE_INFINITY, calls = Number.POSITIVE_INFINITY } = load;
  const tally = new Tally();
  const end = performance.now() + seconds * 1000;
  let left = calls;
  // One promise for a call: more of them would be a good part of the time of a fast one.
  async function caller(): Promise<void> {
    for (let from = performance.now(); left-- > 0 && from < end; from = performance.now()) {
      try {
        await call(args);
        tally.answered(from);
      } catch (error) {
        tally.failed(error);
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller));
  return tally.result();
}

/**
 * Measures latencies from when a call was due, so that they include a stall that held up the calls.
 * `keptUp` is false when not all calls were made, since the peer fell ever further behind.
 */
export async function applyPace(call: Call, { ratePerSecond, seconds }: Pace, args: Args) {
  const tally = new Tally();
  const calls: Promise<void>[] = [];
  const callAt = (from: number) =>
    call(args).then(
      () => tally.answered(from),
      (error) => tally.failed(error),
    );
  const start = performance.now();
  const total = Math.round(ratePerSecond * seconds);
  const isMissing = () => calls.length < total && calls.length - tally.settled < MAX_BEHIND;
  const dueAt = () => start + (calls.length / ratePerSecond) * 1000;
  while (isMissing()) {
    await sleep(1);
    const now = performance.now();
    for (let due = dueAt(); due <= now && isMissing(); due = dueAt()) {
      calls.push(callAt(now - due > TIMER_MS ? due : now));
    }
  }
  await Promise.all(calls);
  return { ...tally.result(), keptUp: calls.length === total };
}

/** Paces calls while large calls are made at a pace of their own by the same client, and measures the former. */
export async function applyPaceBeside(call: Call, pace: Pace, args: Args, largePace: Pace, largeArgs: Args) {
  const [small, large] = await Promise.all([applyPace(call, pace, args), applyPace(call, largePace, largeArgs)]);
  const { errors, firstError } = small.errors > 0 ? small : large;
  return { ...small, errors, firstError, keptUp: small.keptUp && large.keptUp, largeP50Ms: large.p50Ms };
}

/** Outcomes of the calls. */
class Tally {
  readonly #latencies: number[] = [];
  readonly #start = performance.now();
  readonly #cpu = process.cpuUsage();
  #errors = 0;
  #firstError: string | undefined;

  get settled(): number {
    return this.#latencies.length + this.#errors;
  }

  answered(from: number): void {
    this.#latencies.push(performance.now() - from);
  }

  failed(error: unknown): void {
    this.#errors++;
    this.#firstError ??= String(error);
  }

  /** CPU time is that of this process. */
  result() {
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
export async function checkEcho(call: Call): Promise<void> {
  const answer = await call(payload);
  if (!isDeepStrictEqual(answer, payload)) throw new Error(`not an echo: ${JSON.stringify(answer)}`);
}
