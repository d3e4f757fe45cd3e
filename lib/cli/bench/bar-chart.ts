const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Returns a horizontal bar. @param part 0 to 1 @param width columns of a whole bar */
export function bar(part: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, part)) * width * 8);
  const text = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  // Few are not none.
  return text === '' && part > 0 ? '▏' : text;
}

/** Returns a line of columns, whose height is the share of the highest value. */
export function columns(values: readonly number[]): string {
  const highest = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => LEVELS[Math.min(7, Math.round((value / highest) * 7))] ?? '▁').join('');
}
