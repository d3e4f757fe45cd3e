import { hasFailed, isUnexecuted, type LedgerItem, ranLate } from './ledger-item.js';

/** Requests of one service that a fault has touched. */
export interface Damage {
  readonly calls: number;
  readonly failedCalls: number;
  readonly casts: number;
  readonly failedCasts: number;
  /** Executed more than once. */
  readonly repeated: number;
  /** Executed after the caller had an error. */
  readonly late: number;
  /** Confirmed, and not executed to the end. */
  readonly lost: number;
}

export function damageOf(items: Iterable<LedgerItem>): Damage {
  const all = [...items];
  const count = (matches: (item: LedgerItem) => boolean) => all.filter(matches).length;
  const isCall = ({ kind }: LedgerItem) => kind === 'call';
  return {
    calls: count(isCall),
    failedCalls: count((item) => isCall(item) && hasFailed(item)),
    casts: count((item) => !isCall(item)),
    failedCasts: count((item) => !isCall(item) && hasFailed(item)),
    repeated: count(({ begun }) => begun > 1),
    late: count(ranLate),
    lost: count(isUnexecuted),
  };
}
