import { percentile } from '../statistics.js';

/** Rule by which a connection is made again. Times are in milliseconds. */
export interface ReconnectRule {
  /** Delay before the first attempt after a loss. */
  readonly atLoss: (random: () => number) => number;
  /** Delay after the given number of failed attempts, from 1 on. */
  readonly afterFailure: (failures: number, random: () => number) => number;
  /** Time after which an attempt fails that has not logged in, after the given number of such failures. */
  readonly timeout: (late: number) => number;
}

/** Fleet that loses its broker at the time 0. */
export interface Storm {
  readonly services: number;
  readonly connectionsPerService: number;
  /** Time until the broker accepts connections again. */
  readonly outage: number;
  /** CPU of the broker for one service: logins, channels, declarations. */
  readonly brokerMillisPerService: number;
  /** Part of it that is spent on logins, from 0 to 1. */
  readonly loginPart: number;
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
  /** Attempts that did not log in in time. */
  readonly timeouts: number;
}

/** Longest time that is simulated. */
const MAX_MS = 600_000;
const WINDOW_MS = 100;
const NEVER = Number.POSITIVE_INFINITY;

interface Attempt {
  readonly at: number;
  readonly service: number;
  readonly failures: number;
  /** Failures because of the timeout. */
  readonly late: number;
}

/** Attempt at the broker, and the work for one attempt at which it is logged in, and at its end. */
interface Open {
  readonly attempt: Attempt;
  readonly login: number;
  readonly end: number;
  /** Time at which it is given up, unless it is logged in. */
  readonly deadline: number;
}

/**
 * Simulates the connections of a fleet, which wait for each other only at the broker: it works on all of them at the same
 * time, with equal shares. A login that takes too long is given up, with the work that it has cost, and repeated.
 * @param random source of jitter, from 0 to 1
 */
export function simulate(storm: Storm, random: () => number): StormOutcome {
  const { services, connectionsPerService, outage, cores, rule } = storm;
  const cost = storm.brokerMillisPerService / connectionsPerService;
  const waiting: Attempt[] = [];
  for (let n = 0; n < services * connectionsPerService; n++)
    add(waiting, { at: rule.atLoss(random), service: n % services, failures: 0, late: 0 });
  const again = ({ service, failures }: Attempt, failed: number, late: number) => {
    add(waiting, { at: failed + rule.afterFailure(failures + 1, random), service, failures: failures + 1, late });
  };
  const left = Array<number>(services).fill(connectionsPerService);
  const served: number[] = [];
  const begun: number[] = [];
  let timeouts = 0;
  // All attempts cost the same, so that they come forward in the order of their arrival.
  /** Attempts that log in, by the number of their timeouts before: those in one line are given up in its order, too. */
  const loggingIn: Open[][] = [];
  const declaring: Open[] = [];
  let now = 0;
  /** Work on each open attempt so far, had it been there from the beginning. */
  let work = 0;
  let open = 0;
  while (now < MAX_MS && waiting.length + open > 0) {
    const share = Math.min(1, cores / Math.max(1, open));
    const heads = loggingIn.flatMap(([head]) => head ?? []);
    const login = leastOf(heads, 'login');
    const late = leastOf(heads, 'deadline');
    const [last] = declaring;
    const timeAt = (goal: number | undefined) => (goal === undefined ? NEVER : now + (goal - work) / share);
    const [arrives, logsIn, ends] = [timeOf(waiting, 0), timeAt(login?.login), timeAt(last?.end)];
    const until = Math.min(arrives, logsIn, ends, late?.deadline ?? NEVER);
    work += (until - now) * share;
    now = until;
    if (last && ends === until) {
      declaring.shift();
      open--;
      const { service } = last.attempt;
      if (--(left[service] as number) === 0) served.push(now - outage);
    } else if (login && logsIn === until) {
      loggingIn[login.attempt.late]?.shift();
      declaring.push(login);
    } else if (late?.deadline === until) {
      loggingIn[late.attempt.late]?.shift();
      open--;
      timeouts++;
      again(late.attempt, now, late.attempt.late + 1);
    } else {
      const attempt = takeFirst(waiting) as Attempt;
      if (attempt.at < outage) again(attempt, now, 0);
      else {
        begun.push(now);
        const deadline = now + rule.timeout(attempt.late);
        open++;
        loggingIn[attempt.late] ??= [];
        loggingIn[attempt.late]?.push({ attempt, login: work + cost * storm.loginPart, end: work + cost, deadline });
      }
    }
  }
  const all = served.length === services ? percentile(served, 1) : NEVER;
  return { halfServing: percentile(served, 0.5), allServing: all, busiest: busiestWindow(begun), timeouts };
}

function leastOf(open: readonly Open[], figure: 'login' | 'deadline'): Open | undefined {
  let least = open[0];
  for (const one of open) if (least && one[figure] < least[figure]) least = one;
  return least;
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
  return heap[index]?.at ?? NEVER;
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
