import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Deadline } from '../internal.js';
import { UsageError } from './exit-code.js';

/** Time in milliseconds for a module to load: one with a top-level `await` may never do. */
const LOAD_TIMEOUT_MS = 10_000;

/** Calls that start an application or a server, in what compilers make of a `main.ts`. */
const START = /\bNestFactory\.create|\.(?:listen|startAllMicroservices)\(/;

/**
 * Loads a module, which runs it, and returns its exports.
 * @param file path as it was given
 * @param timeout in milliseconds
 * @throws UsageError for a file that is missing, or not loaded in time; else the error of the module
 */
export async function loadModule(file: string, timeout = LOAD_TIMEOUT_MS): Promise<Record<string, unknown>> {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`no such file: ${file}`);
  if (found.isDirectory()) throw new UsageError(`expected a compiled file; ${file} is a folder`);
  const late = () =>
    new UsageError(`${file}: not loaded after ${timeout / 1000} s: a top-level await does not end${startHint(file)}`);
  const loading = import(pathToFileURL(path).href) as Promise<Record<string, unknown>>;
  // Marks of compiled CommonJS, which are no exports.
  const { __esModule: _, 'module.exports': __, ...exported } = await Deadline.after(timeout).race(loading, late);
  return exported;
}

/**
 * Returns the advice for a file that exports nothing, or seems to start an application, to end a message with; else an empty
 * text.
 */
export function startHint(file: string, exportsNothing = false): string {
  const advice = 'export the contract or the AppModule from a file of its own, and give that';
  if (seemsToStart(file)) return `. It seems to start an application: ${advice}`;
  return exportsNothing ? `. If it starts an application: ${advice}` : '';
}

function seemsToStart(file: string): boolean {
  try {
    return START.test(readFileSync(resolve(file), 'utf8'));
  } catch {
    return false;
  }
}
