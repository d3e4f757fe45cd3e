import { loggedMessage } from '../core/thrown.js';

/** Parts of a call of one of Nest's log methods. */
export interface LogLine {
  readonly text: string;
  /** Context of Nest's `Logger`. */
  readonly context: string | undefined;
  readonly stack: string | null;
  /** Further arguments of the call. */
  readonly extra: readonly string[] | null;
}

/** Blanks and tabs only: with line breaks, a text of many line breaks would take quadratic time. */
const STACK = /\n[ \t]+at /;
/** In characters. */
const MAX_TEXT_LENGTH = 10_000;

/** Reads the arguments by Nest's convention: the last text is the context, and an error's stack comes before it. */
export function readLine(message: unknown, rest: readonly unknown[]): LogLine {
  const stack = rest.find((argument): argument is string => typeof argument === 'string' && STACK.test(argument));
  const others = rest.filter((argument) => argument !== undefined && argument !== stack);
  const last = others.at(-1);
  const context = typeof last === 'string' ? last : undefined;
  if (context !== undefined) others.pop();
  const ownStack = message instanceof Error ? message.stack : undefined;
  return {
    text: textOf(message),
    context,
    stack: shortened(stack ?? ownStack ?? '') || null,
    extra: others.length > 0 ? others.slice(0, 20).map(textOf) : null,
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return shortened(value);
  if (value instanceof Error) return shortened(loggedMessage(value));
  try {
    return shortened(JSON.stringify(value) ?? String(value));
  } catch {
    return 'a value that is no JSON';
  }
}

function shortened(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}
