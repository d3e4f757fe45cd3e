import type { Place } from './python-syntax.js';

/** Longest quotation of the source in a note. */
const MAX_LENGTH = 100;

/** Returns a text of the source for notes, in quotes. */
export function quotedText(text: string): string {
  const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH).trimEnd()} …` : text;
  return `'${short}'`;
}

/** Returns the source text at a place and its line, for notes. */
export function quotation({ text, line }: Place): string {
  const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH).trimEnd()} …` : text;
  return `"${short}" (line ${line})`;
}
