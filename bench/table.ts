import { markdownTable } from '../conformance/markdown-table.js';
import type { Spread } from './statistics.js';

/** Decimals of a figure, or `thousands`: three significant digits with separators. */
type Digits = number | 'thousands';

/** A figure as a cell. Documents show its median; the terminal adds the range of the rounds. */
export interface FigureCell {
  value: Spread | number | null | undefined;
  digits: Digits;
}

export type Cell = string | FigureCell;

export interface Table {
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** Table or line of a document. */
export type Block = Table | string;

export function figure(value: FigureCell['value'], digits: Digits): FigureCell {
  return { value, digits };
}

/** Text of a number; a dash for one that could not be measured (NaN, which JSON keeps as null). */
export function text(value: number | null | undefined, digits: Digits): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  return digits === 'thousands' ? Number(value.toPrecision(3)).toLocaleString('en') : value.toFixed(digits);
}

/** Lines of Markdown, with an empty line between two blocks. */
export function render(blocks: readonly Block[], { ranges }: { ranges: boolean }): string[] {
  return blocks.flatMap((block, index) => [
    ...(index > 0 ? [''] : []),
    ...(typeof block === 'string' ? [block] : renderTable(block, ranges)),
  ]);
}

function renderTable({ head, rows }: Table, ranges: boolean): string[] {
  return markdownTable(
    head,
    rows.map((cells) => cells.map((cell) => (typeof cell === 'string' ? cell : cellText(cell, ranges)))),
  );
}

function cellText({ value, digits }: FigureCell, ranges: boolean): string {
  if (typeof value !== 'object' || value === null) return text(value, digits);
  const range = ` (${text(value.min, digits)} to ${text(value.max, digits)})`;
  return text(value.median, digits) + (ranges && value.min !== value.max ? range : '');
}

/** Returns a table with a row for each item. The keys of `columns` are its head. */
export function tableOf<Item>(items: readonly Item[], columns: Record<string, (item: Item) => Cell>): Table {
  return { head: Object.keys(columns), rows: items.map((item) => Object.values(columns).map((cell) => cell(item))) };
}
