import { isDeepStrictEqual } from 'node:util';
import { payload } from './payload.js';
import type { BenchClient } from './peer.js';
import { percentile } from './statistics.js';

/** So many calls in flight, each followed by the next: for a time, or one each when `seconds` is 0. */
export interface Load {
  inFlight: number;
  seconds: number;
}

export interface LoadResult {
  answered: number;
  errors: number;
  /** The first error's text, since one tells more than a count. */
  firstError: string | null;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** Of this process, user and system. */
  cpuMicros: number;
}

export async function applyLoad(client: BenchClient, load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  let errors = 0;
  let firstError: string | null = null;

  const start = performance.now();
  const end = start + load.seconds * 1000;

  async function caller(): Promise<void> {
    do {
      const sent = performance.now();
      try {
        await client.call(payload);
        latencies.push(performance.now() - sent);
      } catch (error) {
        errors++;
        firstError ??= String(error);
      }
    } while (performance.now() < end);
  }

  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: load.inFlight }, caller));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;

  latencies.sort((a, b) => a - b);
  return {
    answered: latencies.length,
    errors,
    firstError,
    seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMicros: user + system,
  };
}

/** A peer that answers fast and wrong must not enter the comparison. */
export async function checkEcho(client: BenchClient): Promise<void> {
  const answer = await client.call(payload);
  if (!isDeepStrictEqual(answer, payload)) throw new Error(`not an echo: ${JSON.stringify(answer)}`);
}
