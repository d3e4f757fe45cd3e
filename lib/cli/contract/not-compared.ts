import type { Change } from './change.js';
import type { ContractModel, MethodModel } from './contract-model.js';

/**
 * Returns a notice for each method of both contracts whose arguments cannot be compared, since one of the contracts does not
 * know them: plain types do not exist at run time.
 */
export function notCompared(olds: readonly ContractModel[], news: readonly ContractModel[]): Change[] {
  const single = olds.length === 1 && news.length === 1;
  return olds.flatMap((old) => {
    const current = single ? news[0] : news.find(({ name }) => name === old.name);
    if (current === undefined) return [];
    return Object.entries(old.methods).flatMap(([method, before]): Change[] => {
      const after = Object.hasOwn(current.methods, method) ? current.methods[method] : undefined;
      if (after === undefined || isComparable(before, after)) return [];
      const message = 'the arguments are not compared: a contract has neither a schema nor names for them';
      return [{ level: 'notice', kind: 'not-compared', api: current.name, method, message }];
    });
  });
}

/** Returns the line about the methods that were not compared. Undefined where there is none. */
export function notComparedLine(changes: readonly Change[]): string | undefined {
  const names = changes.flatMap(({ kind, api, method }) => (kind === 'not-compared' ? [`${api}.${method}`] : []));
  if (names.length === 0) return undefined;
  return `Not compared: the arguments of ${names.join(', ')}. Plain types do not exist at run time: give the methods schemas, or compare two files of \`generate --json\`.\n`;
}

function isComparable(old: MethodModel, current: MethodModel): boolean {
  const hasNames = old.args !== undefined && current.args !== undefined;
  return hasNames || (old.argsSchema !== undefined && current.argsSchema !== undefined);
}
