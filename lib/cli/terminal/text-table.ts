import { oneLine } from '../../internal.js';
import { type Colour, coloured } from './colours.js';

/** Maximum length of a cell, in characters: names come from servers. */
const MAX_CELL = 500;

/**
 * Returns rows as lines of aligned columns, two spaces apart.
 * @param colourOf returns the colour of a cell on a terminal
 */
export function textTable(
  rows: readonly (readonly string[])[],
  colourOf: (cell: string, column: number) => Colour | undefined = () => undefined,
): string {
  const cells = rows.map((row) => row.map((cell) => oneLine(cell, MAX_CELL)));
  const widths = (cells[0] ?? []).map((_, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const padded = (row: readonly string[]) => {
    const last = row.findLastIndex((cell) => cell !== '');
    return row.slice(0, last + 1).map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0)));
  };
  const line = (row: readonly string[]) =>
    padded(row).map((text, column) => coloured(colourOf(row[column] ?? '', column), text));
  return cells.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
}
