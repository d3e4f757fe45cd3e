import type { MaskedValues } from './masked-values.js';

/** Bounds of a traceback: the end of it names the place of the error. */
const MAX_LINES = 30;
const MAX_LINE = 300;
const MAX_LENGTH = 3000;

/** Returns the last lines of a traceback, masked and shortened; none where the secrets in them are not known. */
export function tracebackOf(lines: readonly unknown[], masked: Pick<MaskedValues, 'isComplete' | 'text'>): string[] {
  if (!masked.isComplete) return [];
  const shown: string[] = [];
  let length = 0;
  for (const line of lines.slice(-MAX_LINES).reverse()) {
    if (typeof line !== 'string') continue;
    const text = masked.text(line.trimEnd(), MAX_LINE);
    length += text.length;
    if (length > MAX_LENGTH) break;
    shown.unshift(text);
  }
  return shown;
}
