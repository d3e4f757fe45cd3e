import { fileURLToPath, pathToFileURL } from 'node:url';
import { shared } from '../core/shared.js';

/** Stacks of errors as they were before callers were added. */
const originals = shared('stacks of errors', () => new WeakMap<Error, string>());

/**
 * Returns the error of a rejected request with the lines that await the request in its stack. V8 knows these lines only
 * while the promise of the request is settled. Successful requests pay nothing. An error that rejects several requests is
 * copied, so that each copy names its own caller.
 * @param below function whose callers the captured stack begins with
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

/** Returns function and file of a frame. The column of a call differs from that of its `await`. */
function functionOf(frame: string): string {
  return frame.replace(/^\s+at (async )?/, '').replace(/:\d+:\d+\)?$/, '');
}

function framesBelow(below: (...args: never[]) => unknown): string[] {
  const captured: { stack?: unknown | undefined } = {};
  Error.captureStackTrace(captured, below);
  return framesOf(captured.stack);
}

/**
 * Returns the frames of the application in a stack. With source maps, a frame does not say that it is asynchronous.
 */
export function framesOf(stack: unknown): string[] {
  // Error.prepareStackTrace may return something other than text.
  if (typeof stack !== 'string') return [];
  return stack.split('\n').filter((line) => /^\s+at /.test(line) && !/\bnode:/.test(line) && !isOurs(line));
}

/** Paths of this module from the folder of the library: in the sources, and in the built package, in a file with others. */
const MODULE =
  /(?:\(|\bat )([^()\n]*[\\/])(?:messaging[\\/]caller-stack|(?<=[\\/]dist[\\/](?:lib|cjs)[\\/])chunks[\\/][\w-]+)\.\w+:\d/;

/**
 * Returns the folder of this library from a stack of this module. Jest and bundlers turn the module into CommonJS, which has
 * no `import.meta`.
 */
function foldersOf(stack: unknown): string[] {
  const folder = MODULE.exec(String(stack))?.[1];
  if (folder === undefined) return [];
  return folder.startsWith('file:') ? [fileURLToPath(folder), folder] : [folder, pathToFileURL(folder).href];
}

/** The folder of this library, as stacks name it: as a path and as a URL. */
const HERE = foldersOf(new Error().stack);

function isOurs(line: string): boolean {
  return HERE.some((folder) => line.includes(folder));
}

/** Copies message, fields and prototype: an error cannot be cloned. */
function copyOf(error: Error, stack: string): Error {
  const copy = new Error(error.message);
  const { stack: _stack, ...descriptors } = Object.getOwnPropertyDescriptors(error);
  Object.defineProperties(copy, descriptors);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
  copy.stack = stack;
  return copy;
}
