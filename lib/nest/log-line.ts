import { loggedMessage } from '../core/thrown.js';

/** What a call of one of Nest's log methods says. */
export interface LogLine {
  readonly text: string;
  /** Whose line it is, as Nest's `Logger` was made with. */
  readonly context: string | undefined;
  readonly stack: string | null;
  /** What else was logged along. */
  readonly extra: readonly string[] | null;
}

/** Without line breaks among the blanks: a text of nothing but those would be gone through again from each. */
const STACK = /\n[ \t]+at /;
const LONGEST = 10_000;

/** By Nest's convention the last argument is the context, if it is text, and an error's stack comes before it. */
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
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
