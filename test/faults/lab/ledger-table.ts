import { textTable } from '../../support/text-table.js';
import { type Account, VIOLATIONS } from './ledger.js';

/** The reconciled ledgers, a service each column. */
export function ledgerTable(accounts: ReadonlyMap<string, Account>): string {
  const all = [...accounts.values()];
  const codes = [...new Set(all.flatMap(({ errors }) => Object.keys(errors)))].sort();
  const row = (name: string, cell: (account: Account) => number) => [name, ...all.map((one) => String(cell(one)))];
  return textTable([
    ['', ...accounts.keys()],
    row('calls', ({ calls }) => calls),
    row('  answered', ({ answered }) => answered),
    row('casts', ({ casts }) => casts),
    row('  confirmed', ({ confirmed }) => confirmed),
    ...codes.map((code) => row(`ended with ${code}`, ({ errors }) => errors[code] ?? 0)),
    row('executed', ({ executed }) => executed),
    row('  more than once', ({ repeated }) => repeated),
    row('confirmed, not executed', ({ unexecuted }) => unexecuted),
    ...VIOLATIONS.filter((name) => all.some(({ violations }) => violations[name] > 0)).map((name) =>
      row(`! ${name}`, ({ violations }) => violations[name]),
    ),
  ]);
}
