import type { DeliveryMode } from 'nestjs-oslo-messaging';
import { Answers } from './answers.js';
import type { Entry } from './journal.js';
import { hasFailed, isUnexecuted, type LedgerItem, unknownItem } from './ledger-item.js';

/** Codes of the errors that a request may end with when its broker or server fails. All others are untyped errors. */
const TYPED = new Set(['TIMEOUT', 'DELIVERY_FAILURE', 'UNDELIVERABLE', 'CLIENT_SEND', 'REFUSED', 'SERVER_OVERLOADED']);

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
  readonly answers = new Answers();
  readonly #items = new Map<string, LedgerItem>();
  readonly #killed = new Set<string>();
  readonly #drained = new Map<string, number>();
  #late = 0;
  #unhandled = 0;

  constructor(private readonly delivery: DeliveryMode) {}

  note({ event, id, at, detail }: Entry, process: string): void {
    switch (event) {
      case 'called':
      case 'cast':
        // A server's journal may have been read first.
        Object.assign(this.#item(id), { kind: event === 'cast' ? 'cast' : 'call', caller: process, sentAt: at });
        break;
      case 'answered':
        this.answers.note(process, at);
        this.#settle(id, event, at);
        break;
      case 'confirmed':
      case 'wrong':
        this.#settle(id, event, at);
        break;
      case 'failed': {
        const [code = ''] = detail.split(' ');
        this.#settle(id, code, at);
        if (!TYPED.has(code)) this.oddities.add(detail);
        break;
      }
      case 'late':
        this.#late++;
        this.oddities.add(`${id} of ${process} settled ${detail} ms late`);
        break;
      case 'began': {
        const item = this.#item(id);
        item.lastBegunAt = at;
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
    return [...this.#items].filter(([, item]) => isUnexecuted(item)).map(([id]) => id);
  }

  /** Number of casts that the server has started and no server has finished. */
  interrupted(server: string): number {
    const items = [...this.#items.values()];
    return items.filter((item) => item.kind === 'cast' && item.server === server && item.finished === 0).length;
  }

  /** Returns the requests that were sent from one time until before another. */
  sentBetween(from: number, to: number): LedgerItem[] {
    return [...this.#items.values()].filter(({ sentAt }) => sentAt >= from && sentAt < to);
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
      else if (fate !== undefined && hasFailed(item)) errors[fate] = (errors[fate] ?? 0) + 1;
      if (isUnexecuted(item)) count.unexecuted++;
      for (const violation of this.#violationsOf(item)) violations[violation]++;
    }
    return { ...count, errors, violations };
  }

  #violationsOf(item: LedgerItem): Violation[] {
    const { kind, fate, caller, settled, begun, finished, server, begunAt } = item;
    const drainedAt = this.#drained.get(server);
    const wrong: Partial<Record<Violation, boolean>> = {
      unsettled: fate === undefined && !this.#killed.has(caller),
      'settled twice': settled > 1,
      'untyped error': fate !== undefined && hasFailed(item) && !TYPED.has(fate),
      'wrong result': fate === 'wrong',
      'answered by nobody': fate === 'answered' && finished === 0,
      lost: this.delivery === 'at-least-once' && isUnexecuted(item),
      'executed twice': this.delivery === 'at-most-once' && begun > 1,
      'lost in a shutdown':
        drainedAt !== undefined && begunAt >= drainedAt && (finished === 0 || (kind === 'call' && fate !== 'answered')),
    };
    return VIOLATIONS.filter((name) => wrong[name]);
  }

  #settle(id: string, fate: string, at: number): void {
    const item = this.#item(id);
    item.fate ??= fate;
    if (item.settled === 0) item.settledAt = at;
    item.settled++;
  }

  #item(id: string): LedgerItem {
    let item = this.#items.get(id);
    if (!item) {
      item = unknownItem();
      this.#items.set(id, item);
    }
    return item;
  }
}
