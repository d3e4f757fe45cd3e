import { markdownTable } from '../conformance/markdown-table.js';

export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Table or line of a document. */
export type Block = Table | string;

/**
 * Text of a figure; a dash for one that could not be measured (NaN, which JSON keeps as null).
 * @param digits decimals, or `thousands`: three significant digits with separators
 */
export function text(value: number | null | undefined, digits: number | 'thousands'): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  return digits === 'thousands' ? Number(value.toPrecision(3)).toLocaleString('en') : value.toFixed(digits);
}

/** Lines of Markdown, with an empty line between two blocks. */
export function render(blocks: readonly Block[]): string[] {
  const lines = (block: Block) => (typeof block === 'string' ? [block] : markdownTable(block.head, block.rows));
  return blocks.flatMap((block, index) => (index > 0 ? ['', ...lines(block)] : lines(block)));
}

/** Returns a table with a row for each item. The keys of `columns` are its head. */
export function tableOf<Item>(items: readonly Item[], columns: Record<string, (item: Item) => string>): Table {
  return { head: Object.keys(columns), rows: items.map((item) => Object.values(columns).map((cell) => cell(item))) };
}
