import { percentile } from '../statistics.js';

/** Rule by which a connection is made again. Times are in milliseconds. */
export interface ReconnectRule {
  /** Delay before the first attempt after a loss. */
  readonly atLoss: (random: () => number) => number;
  /** Delay after the given number of failed attempts, from 1 on. */
  readonly afterFailure: (failures: number, random: () => number) => number;
  /** Time after which an attempt that has no answer fails. */
  readonly timeout: number;
}

/** Fleet that loses its broker at the time 0. */
export interface Storm {
  readonly services: number;
  readonly connectionsPerService: number;
  /** Time until the broker accepts connections again. */
  readonly outage: number;
  /** CPU of the broker for one service: logins, channels, declarations. */
  readonly brokerMillisPerService: number;
  /** Cores that the broker has for it. */
  readonly cores: number;
  readonly rule: ReconnectRule;
}

/** Times in milliseconds after the broker accepts connections, by services in the order in which they serve again. */
export interface StormOutcome {
  readonly halfServing: number;
  readonly allServing: number;
  /** Most attempts of the fleet that began within the same 100 ms, while the broker accepted connections. */
  readonly busiest: number;
  /** Attempts that the broker did not answer in time. */
  readonly timeouts: number;
}

/** Longest time that is simulated. */
const MAX_MS = 600_000;
const WINDOW_MS = 100;

interface Attempt {
  readonly at: number;
  readonly service: number;
  readonly failures: number;
}

/**
 * Simulates the connections of a fleet, which wait for each other only at the broker: it serves attempts in the order of
 * their arrival. An attempt that has waited for too long is repeated. It costs the broker nothing where it was given up
 * before its turn.
 * @param random source of jitter, from 0 to 1
 */
export function simulate(storm: Storm, random: () => number): StormOutcome {
  const { services, connectionsPerService, outage, rule } = storm;
  const cost = storm.brokerMillisPerService / connectionsPerService / storm.cores;
  const attempts: Attempt[] = [];
  for (let n = 0; n < services * connectionsPerService; n++)
    add(attempts, { at: rule.atLoss(random), service: n % services, failures: 0 });
  const left = Array<number>(services).fill(connectionsPerService);
  const served: number[] = [];
  const begun: number[] = [];
  let timeouts = 0;
  let free = outage;
  for (let next = takeFirst(attempts); next && next.at < MAX_MS; next = takeFirst(attempts)) {
    const { at, service, failures } = next;
    const again = (failed: number) => {
      add(attempts, { at: failed + rule.afterFailure(failures + 1, random), service, failures: failures + 1 });
    };
    if (at < outage) {
      again(at);
      continue;
    }
    begun.push(at);
    const turn = Math.max(free, at);
    if (turn - at < rule.timeout) free = turn + cost;
    if (turn + cost - at > rule.timeout) {
      timeouts++;
      again(at + rule.timeout);
    } else if (--(left[service] as number) === 0) served.push(free - outage);
  }
  served.sort((a, b) => a - b);
  const all = served.length === services ? percentile(served, 1) : Number.POSITIVE_INFINITY;
  return { halfServing: percentile(served, 0.5), allServing: all, busiest: busiestWindow(begun), timeouts };
}

/** Adds an attempt to a heap, whose first attempt is the earliest. */
function add(heap: Attempt[], attempt: Attempt): void {
  let index = heap.length;
  for (let parent = (index - 1) >> 1; index > 0 && timeOf(heap, parent) > attempt.at; parent = (index - 1) >> 1) {
    heap[index] = heap[parent] as Attempt;
    index = parent;
  }
  heap[index] = attempt;
}

/** Removes the earliest attempt from a heap. */
function takeFirst(heap: Attempt[]): Attempt | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const [left, right] = [2 * index + 1, 2 * index + 2];
    const child = timeOf(heap, right) < timeOf(heap, left) ? right : left;
    if (timeOf(heap, child) >= last.at) break;
    heap[index] = heap[child] as Attempt;
    index = child;
  }
  heap[index] = last;
  return first;
}

function timeOf(heap: readonly Attempt[], index: number): number {
  return heap[index]?.at ?? Number.POSITIVE_INFINITY;
}

/** Returns the most times of a sorted list within one window. */
export function busiestWindow(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [index, time] of sorted.entries()) {
    while (time - (sorted[first] as number) >= WINDOW_MS) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Returns numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
