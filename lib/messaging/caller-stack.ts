import { fileURLToPath } from 'node:url';

/** Stacks of errors as they were before callers were added. */
const originals = new WeakMap<Error, string>();

/**
 * Returns a rejected request's error with those lines in its stack that await the request: the engine knows them only
 * here, where the promise of the request is settled. Successful requests pay nothing. An error that rejects several
 * requests is copied, so that each names its own caller.
 * @param below the function that the captured stack begins below
 */
export function withCallers(thrown: unknown, below: (...args: never[]) => unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const stack = originals.get(thrown) ?? thrown.stack;
  if (typeof stack !== 'string') return thrown;
  const error = originals.has(thrown) ? copyOf(thrown, stack) : thrown;
  originals.set(error, stack);
  addFrames(error, framesBelow(below));
  return error;
}

/** Appends the frames that an error's stack lacks. */
export function addFrames(error: Error, frames: readonly string[]): void {
  const { stack } = error;
  if (typeof stack !== 'string') return;
  const known = new Set(stack.split('\n').map(functionOf));
  const missing = frames.filter((frame) => !known.has(functionOf(frame)));
  if (missing.length > 0) error.stack = [stack, ...missing].join('\n');
}

/** Function and file of a frame: it is called in one place of a line, and awaited in another. */
function functionOf(frame: string): string {
  return frame.replace(/^\s+at (async )?/, '').replace(/:\d+:\d+\)?$/, '');
}

function framesBelow(below: (...args: never[]) => unknown): string[] {
  const captured: { stack?: unknown | undefined } = {};
  Error.captureStackTrace(captured, below);
  return framesOf(captured.stack);
}

/**
 * Returns the frames of the application in a stack. Whether they are asynchronous is not in the text of those that source
 * maps were applied to.
 */
export function framesOf(stack: unknown): string[] {
  // Whoever formats stacks otherwise, by Error.prepareStackTrace, need not make text of them.
  if (typeof stack !== 'string') return [];
  return stack.split('\n').filter((line) => /^\s+at /.test(line) && !/\bnode:/.test(line) && !isOurs(line));
}

/** The folder of this library, as stacks name it. */
const HERE = [fileURLToPath(new URL('..', import.meta.url)), new URL('..', import.meta.url).href];

function isOurs(line: string): boolean {
  return HERE.some((folder) => line.includes(folder));
}

/** Errors cannot be cloned: the copy gets prototype and fields. */
function copyOf(error: Error, stack: string): Error {
  const copy = new Error(error.message);
  const { stack: _stack, ...descriptors } = Object.getOwnPropertyDescriptors(error);
  Object.defineProperties(copy, descriptors);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
  copy.stack = stack;
  return copy;
}
