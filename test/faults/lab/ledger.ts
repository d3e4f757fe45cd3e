import type { DeliveryMode } from 'nestjs-oslo-messaging';
import type { Entry } from './journal.js';

/** Codes of the errors that a request may end with when its broker or server fails. All others are untyped errors. */
const TYPED = new Set(['TIMEOUT', 'DELIVERY_FAILURE', 'UNDELIVERABLE', 'CLIENT_SEND', 'REFUSED']);

interface Item {
  readonly kind: 'call' | 'cast';
  readonly caller: string;
  /** Outcome for its caller: `answered`, `confirmed`, `wrong`, or the error's code. */
  fate: string | undefined;
  settled: number;
  begun: number;
  finished: number;
  /** Server and time of its first start. */
  server: string;
  begunAt: number;
}

/** The numbers of one service, reconciled. */
export interface Account {
  readonly calls: number;
  readonly answered: number;
  readonly casts: number;
  readonly confirmed: number;
  /** Requests that ended with an error, by its code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly executed: number;
  /** Executed more than once. */
  readonly repeated: number;
  /** Confirmed casts that were not executed to the end. */
  readonly unexecuted: number;
  /** Counts that must be 0. */
  readonly violations: Readonly<Record<Violation, number>>;
}

export const VIOLATIONS = [
  'unsettled',
  'settled twice',
  'settled late',
  'untyped error',
  'wrong result',
  'answered by nobody',
  'lost',
  'executed twice',
  'lost in a shutdown',
  'unhandled error',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** Fate of every request of one service, from all journals. */
export class Ledger {
  /** The messages of unhandled and of untyped errors. */
  readonly oddities = new Set<string>();
  readonly #items = new Map<string, Item>();
  readonly #killed = new Set<string>();
  readonly #drained = new Map<string, number>();
  readonly #answers = new Map<string, number[]>();
  #late = 0;
  #unhandled = 0;

  constructor(private readonly delivery: DeliveryMode) {}

  note({ event, id, at, detail }: Entry, process: string): void {
    switch (event) {
      case 'called':
      case 'cast':
        // A server's journal may have been read first.
        Object.assign(this.#item(id), { kind: event === 'cast' ? 'cast' : 'call', caller: process });
        break;
      case 'answered':
        this.#timesOf(process).push(at);
        this.#settle(id, event);
        break;
      case 'confirmed':
      case 'wrong':
        this.#settle(id, event);
        break;
      case 'failed': {
        const [code = ''] = detail.split(' ');
        this.#settle(id, code);
        if (!TYPED.has(code)) this.oddities.add(detail);
        break;
      }
      case 'late':
        this.#late++;
        this.oddities.add(`${id} of ${process} settled ${detail} ms late`);
        break;
      case 'began': {
        const item = this.#item(id);
        if (item.begun++ === 0) Object.assign(item, { server: process, begunAt: at });
        break;
      }
      case 'finished':
        this.#item(id).finished++;
        break;
      case 'unhandled':
        this.#unhandled++;
        this.oddities.add(`${process}: ${detail}`);
    }
  }

  /** The process was killed: what it had not settled by then, it never will. */
  killed(process: string): void {
    this.#killed.add(process);
  }

  /** The server was told to end, at that time of the wall clock, while nothing else was wrong: it answers what it began. */
  drained(server: string, since: number): void {
    this.#drained.set(server, since);
  }

  get executed(): number {
    let count = 0;
    for (const { begun } of this.#items.values()) if (begun > 0) count++;
    return count;
  }

  /** The confirmed casts that nobody has executed to the end. */
  get unexecuted(): string[] {
    return [...this.#items]
      .filter(([, { fate, finished }]) => fate === 'confirmed' && finished === 0)
      .map(([id]) => id);
  }

  /** Number of casts that the server has started and no server has finished. */
  interrupted(server: string): number {
    const items = [...this.#items.values()];
    return items.filter((item) => item.kind === 'cast' && item.server === server && item.finished === 0).length;
  }

  /** Milliseconds from then until each of these callers had an answer; Infinity where one has none yet. */
  silenceAfter(time: number, callers: readonly string[]): number {
    const waits = callers.map((caller) => {
      const first = this.#answers.get(caller)?.find((at) => at >= time);
      return first === undefined ? Number.POSITIVE_INFINITY : first - time;
    });
    return Math.max(0, ...waits);
  }

  /** The longest time that one of these callers was without an answer, from then until now. */
  longestSilence(since: number, callers: readonly string[], now = Date.now()): number {
    let longest = 0;
    for (const caller of callers) {
      let last = since;
      for (const at of this.#answers.get(caller) ?? []) {
        if (at < since) continue;
        longest = Math.max(longest, at - last);
        last = at;
      }
      longest = Math.max(longest, now - last);
    }
    return longest;
  }

  account(): Account {
    const count = { calls: 0, answered: 0, casts: 0, confirmed: 0, executed: 0, repeated: 0, unexecuted: 0 };
    const errors: Record<string, number> = {};
    const violations = Object.fromEntries(VIOLATIONS.map((name) => [name, 0])) as Record<Violation, number>;
    violations['settled late'] = this.#late;
    violations['unhandled error'] = this.#unhandled;
    for (const item of this.#items.values()) {
      const { kind, fate } = item;
      count[kind === 'call' ? 'calls' : 'casts']++;
      if (item.begun > 0) count.executed++;
      if (item.begun > 1) count.repeated++;
      if (fate === 'answered') count.answered++;
      else if (fate === 'confirmed') count.confirmed++;
      else if (fate !== undefined && fate !== 'wrong') errors[fate] = (errors[fate] ?? 0) + 1;
      if (fate === 'confirmed' && item.finished === 0) count.unexecuted++;
      for (const violation of this.#violationsOf(item)) violations[violation]++;
    }
    return { ...count, errors, violations };
  }

  #violationsOf({ kind, fate, caller, settled, begun, finished, server, begunAt }: Item): Violation[] {
    const drainedAt = this.#drained.get(server);
    const wrong: Partial<Record<Violation, boolean>> = {
      unsettled: fate === undefined && !this.#killed.has(caller),
      'settled twice': settled > 1,
      'untyped error': fate !== undefined && !['answered', 'confirmed', 'wrong'].includes(fate) && !TYPED.has(fate),
      'wrong result': fate === 'wrong',
      'answered by nobody': fate === 'answered' && finished === 0,
      lost: this.delivery === 'at-least-once' && fate === 'confirmed' && finished === 0,
      'executed twice': this.delivery === 'at-most-once' && begun > 1,
      'lost in a shutdown':
        drainedAt !== undefined && begunAt >= drainedAt && (finished === 0 || (kind === 'call' && fate !== 'answered')),
    };
    return VIOLATIONS.filter((name) => wrong[name]);
  }

  #settle(id: string, fate: string): void {
    const item = this.#item(id);
    item.fate ??= fate;
    item.settled++;
  }

  #item(id: string): Item {
    let item = this.#items.get(id);
    if (!item) {
      const unknown = { kind: 'call', caller: '', fate: undefined, server: '' } as const;
      item = { ...unknown, settled: 0, begun: 0, finished: 0, begunAt: 0 };
      this.#items.set(id, item);
    }
    return item;
  }

  #timesOf(caller: string): number[] {
    const times = this.#answers.get(caller) ?? [];
    this.#answers.set(caller, times);
    return times;
  }
}
