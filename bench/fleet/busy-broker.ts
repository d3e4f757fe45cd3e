import type { Attempt } from './attempt-queue.js';

/** Attempt that the broker has accepted. Its login and its end are amounts of the broker's work, see `work`. */
interface Accepted {
  readonly attempt: Attempt;
  readonly login: number;
  readonly end: number;
  /** Time at which the client gives it up, unless it is logged in. */
  readonly deadline: number;
}

/** Next event of the attempts that the broker has accepted. */
export interface BrokerEvent {
  readonly at: number;
  readonly kind: 'ready' | 'logged in' | 'given up';
  readonly accepted: Accepted;
}

/** CPU of the broker for one attempt. */
export interface AttemptCost {
  /** From login to the last declaration, in milliseconds. */
  readonly millis: number;
  /** Part of it that is spent on the login, from 0 to 1. */
  readonly loginPart: number;
}

/**
 * Broker that works on all accepted attempts at the same time, with equal shares of its cores. An attempt logs in, and then
 * declares. All attempts cost the same, so that they come forward in the order of their arrival.
 */
export class BusyBroker {
  /**
   * Attempts that log in, by the number of times that they were late before. The attempts of one line have the same
   * timeout, so that they are given up in the order of their arrival, too.
   */
  private readonly loggingIn: Accepted[][] = [];
  private readonly declaring: Accepted[] = [];
  /** Milliseconds of work so far on an attempt that was accepted at the beginning. */
  private work = 0;
  private open = 0;

  constructor(
    private readonly cores: number,
    private readonly cost: AttemptCost,
  ) {}

  /** Number of accepted attempts that are neither ready nor given up. */
  get openAttempts(): number {
    return this.open;
  }

  /** @param deadline time at which the client gives the attempt up, unless it is logged in */
  accept(attempt: Attempt, deadline: number): void {
    const { millis, loginPart } = this.cost;
    const accepted = { attempt, login: this.work + millis * loginPart, end: this.work + millis, deadline };
    this.open++;
    this.loggingIn[attempt.late] ??= [];
    this.loggingIn[attempt.late]?.push(accepted);
  }

  /** Returns the first event from `now` on, unless another attempt is accepted before. */
  nextEvent(now: number): BrokerEvent | undefined {
    const timeOf = (work: number) => now + (work - this.work) / this.share;
    const firstOfLines = this.loggingIn.flatMap(([first]) => first ?? []);
    const login = leastOf(firstOfLines, 'login');
    const late = leastOf(firstOfLines, 'deadline');
    const [ready] = this.declaring;
    return earliestOf([
      ready && { kind: 'ready', at: timeOf(ready.end), accepted: ready },
      login && { kind: 'logged in', at: timeOf(login.login), accepted: login },
      late && { kind: 'given up', at: late.deadline, accepted: late },
    ]);
  }

  /** Works on the open attempts. No event may fall into this time. */
  workFor(milliseconds: number): void {
    this.work += milliseconds * this.share;
  }

  /** Moves the attempt of an event on. The broker has worked until then. */
  handle({ kind, accepted }: BrokerEvent): void {
    if (kind === 'ready') this.declaring.shift();
    else this.loggingIn[accepted.attempt.late]?.shift();
    if (kind === 'logged in') this.declaring.push(accepted);
    else this.open--;
  }

  /** Cores for each open attempt. An attempt uses one at most. */
  private get share(): number {
    return Math.min(1, this.cores / Math.max(1, this.open));
  }
}

function leastOf(accepted: readonly Accepted[], figure: 'login' | 'deadline'): Accepted | undefined {
  let least = accepted[0];
  for (const one of accepted) if (least && one[figure] < least[figure]) least = one;
  return least;
}

/** Returns the first one of those at the same time. */
function earliestOf(events: readonly (BrokerEvent | undefined)[]): BrokerEvent | undefined {
  let earliest: BrokerEvent | undefined;
  for (const event of events) if (event && event.at < (earliest?.at ?? Number.POSITIVE_INFINITY)) earliest = event;
  return earliest;
}
