import { percentile } from '../statistics.js';
import { type Attempt, AttemptQueue } from './attempt-queue.js';
import { BusyBroker } from './busy-broker.js';

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

/**
 * Simulates the connections of a fleet, which wait for each other only at the broker. A login that takes too long is given
 * up, with the work that it has cost, and repeated.
 * @param random source of jitter, from 0 to 1
 */
export function simulate(storm: Storm, random: () => number): StormOutcome {
  const { services, connectionsPerService, outage, cores, loginPart, rule } = storm;
  const broker = new BusyBroker(cores, { millis: storm.brokerMillisPerService / connectionsPerService, loginPart });
  const waiting = new AttemptQueue();
  const missing = Array<number>(services).fill(connectionsPerService);
  const served: number[] = [];
  const begun: number[] = [];
  let timeouts = 0;
  let now = 0;

  const repeat = (failed: Attempt, late: number): void => {
    const failures = failed.failures + 1;
    waiting.add({ at: now + rule.afterFailure(failures, random), service: failed.service, failures, late });
  };
  const begin = (attempt: Attempt): void => {
    if (now < outage) repeat(attempt, 0);
    else {
      begun.push(now);
      broker.accept(attempt, now + rule.timeout(attempt.late));
    }
  };
  const connected = (service: number): void => {
    missing[service] = (missing[service] ?? 0) - 1;
    if (missing[service] === 0) served.push(now - outage);
  };
  const giveUp = (attempt: Attempt): void => {
    timeouts++;
    repeat(attempt, attempt.late + 1);
  };

  for (let index = 0; index < services * connectionsPerService; index++)
    waiting.add({ at: rule.atLoss(random), service: index % services, failures: 0, late: 0 });
  while (now < MAX_MS && waiting.size + broker.openAttempts > 0) {
    const event = broker.nextEvent(now);
    const until = Math.min(waiting.earliest, event?.at ?? NEVER);
    broker.workFor(until - now);
    now = until;
    if (event?.at !== now) begin(waiting.take());
    else {
      broker.handle(event);
      if (event.kind === 'ready') connected(event.accepted.attempt.service);
      else if (event.kind === 'given up') giveUp(event.accepted.attempt);
    }
  }
  return {
    halfServing: percentile(served, 0.5),
    allServing: served.length === services ? percentile(served, 1) : NEVER,
    busiest: busiestWindow(begun),
    timeouts,
  };
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
