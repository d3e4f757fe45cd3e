import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigurationError, toError } from '../core/errors.js';
import type { ConfigSource } from './config-values.js';
import { parseIni } from './ini-parser.js';

/** Maximum size of all files together, in bytes. The complete sample file of a large service has half a megabyte. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Maximum number of files. */
const MAX_FILES = 1000;

/**
 * Reads the files one after the other. It blocks, which the start of a process may.
 * @throws ConfigurationError for a file that is missing, cannot be read, is too large, no UTF-8 or malformed
 */
export function readSources(paths: readonly string[]): ConfigSource[] {
  if (paths.length > MAX_FILES)
    throw new ConfigurationError(`configFiles: expected at most ${MAX_FILES} files; got ${paths.length}`);
  let room = MAX_BYTES;
  return paths.map((given) => {
    const path = absolute(given);
    const bytes = read(path, room);
    room -= bytes.length;
    return { path, entries: parseIni(decode(bytes, path), path) };
  });
}

/**
 * Returns the paths of the files `*.conf` in a folder, in the order of their names. Hidden ones are left out. Source:
 * oslo_config.cfg._ConfigDirOpt.
 * @throws ConfigurationError for a folder that is missing or cannot be read
 */
export function filesIn(folder: string): string[] {
  const path = absolute(folder);
  let found: Dirent[];
  try {
    found = readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const names = found.map(({ name }) => name).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
  // The order of Python is that of code points, and so of bytes in UTF-8. That of JavaScript is not.
  const inOrder = names.map((name) => Buffer.from(name)).sort(Buffer.compare);
  return inOrder.map((name) => join(path, name.toString()));
}

/** Returns an absolute path. `~` is the home of the user, as in oslo.config. */
function absolute(path: string): string {
  return resolve(path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path);
}

function read(path: string, room: number): Buffer {
  try {
    const found = statSync(path);
    // Reading a pipe may never end.
    if (!found.isFile()) throw new Error('it is not a regular file');
    const tooLarge = () => new Error(`the files have more than ${MAX_BYTES} bytes`);
    if (found.size > room) throw tooLarge();
    const bytes = readFileSync(path);
    if (bytes.length > room) throw tooLarge();
    return bytes;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

const unreadable = (path: string, cause: unknown) =>
  new ConfigurationError(`Cannot read the configuration ${path}: ${toError(cause).message}`, { cause });

function decode(bytes: Buffer, path: string): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ConfigurationError(`${path}:${firstBadLine(bytes)}: expected UTF-8`, { cause });
  }
}

/** Returns the number of the first line that is not UTF-8. */
function firstBadLine(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf('\n', start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
