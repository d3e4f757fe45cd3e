import { type Tree, writeTree } from './json-tree.js';
import type { Known } from './known-differences.js';

/** One place where two values differ, and the rule that explains it, if one does. */
export interface Difference {
  /** Known explanation; undefined for a fault of this library. */
  rule: Known | undefined;
  where: string;
  python: string;
  ours: string;
}

/** Returns the differences between Python's value and ours, except those that a JSON parser hides (escapes, spaces). */
export function compareTrees(python: Tree | undefined, ours: Tree | undefined, where: string): Difference[] {
  if (python?.kind === 'number' && (ours?.kind === 'number' || ours?.kind === 'null')) {
    return compareNumbers(python.text, ours.kind === 'null' ? 'null' : ours.text, where);
  }
  if (python?.kind === 'list' && ours?.kind === 'list' && python.items.length === ours.items.length) {
    return python.items.flatMap((item, index) => compareTrees(item, ours.items[index], `${where}[${index}]`));
  }
  if (python?.kind === 'dict' && ours?.kind === 'dict') return compareDicts(python.entries, ours.entries, where);
  const [one, other] = [show(python), show(ours)];
  return one === other ? [] : [{ rule: undefined, where, python: one, ours: other }];
}

function show(tree: Tree | undefined): string {
  return tree === undefined ? 'nothing' : writeTree(tree, true);
}

function compareNumbers(python: string, ours: string, where: string): Difference[] {
  const differ = (rule?: Known): Difference[] => [{ rule, where, python, ours }];
  if (/[NI]/.test(python)) return ours === python ? [] : differ(ours === 'null' ? 'not-finite' : undefined);
  if (!isFloat(python) || ours === 'null') return python === ours ? [] : differ();
  if (isFloat(ours)) return Number(python) === Number(ours) ? [] : differ();
  const whole = Number(python);
  return differ(Number.isSafeInteger(whole) && BigInt(whole) === BigInt(ours) ? 'whole-floats' : undefined);
}

const isFloat = (text: string) => /[.eENI]/.test(text);

type Entries = [string, Tree][];

function compareDicts(python: Entries, ours: Entries, where: string): Difference[] {
  const [pythonKeys, ourKeys] = [python, ours].map((entries) => entries.map(([key]) => key)) as [string[], string[]];
  const found: Difference[] = [];
  for (const key of new Set([...pythonKeys, ...ourKeys])) {
    const [one, other] = [python, ours].map((entries) => entries.find(([name]) => name === key)?.[1]);
    found.push(...compareTrees(one, other, `${where}.${key}`));
  }
  const written = JSON.stringify(ourKeys);
  if (found.length === 0 && written !== JSON.stringify(pythonKeys)) {
    const rule = written === JSON.stringify(indexesFirst(pythonKeys)) ? 'integer-keys' : undefined;
    found.push({ rule, where: `${where} (order of keys)`, python: JSON.stringify(pythonKeys), ours: written });
  }
  return found;
}

/** JavaScript's order of own keys: those that could index an array come first, ascending. */
function indexesFirst(keys: string[]): string[] {
  const isIndex = (key: string) => String(Number(key) >>> 0) === key && Number(key) < 2 ** 32 - 1;
  const indexes = keys.filter(isIndex).sort((one, other) => Number(one) - Number(other));
  return [...indexes, ...keys.filter((key) => !isIndex(key))];
}
