import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { nearest } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { checkName, readContext, type SavedContext } from './saved-context.js';

/** Maximum size of a context's file, in bytes. */
const MAX_BYTES = 64 * 1024;
const SUFFIX = '.json';
/** Permissions of others than the owner. */
const OTHERS = 0o077;

/**
 * Saved contexts: a file for each in `$XDG_CONFIG_HOME/oslo-rpc/contexts`, and the name of the selected one beside them. Files
 * are written to another name and then renamed, so that a reader never sees a half.
 */
export class ContextStore {
  /** Folder of the command. */
  readonly folder: string;
  private readonly contexts: string;
  private readonly selection: string;

  /** @param environment has XDG_CONFIG_HOME, where it is not `~/.config` */
  constructor(environment: NodeJS.ProcessEnv) {
    const { XDG_CONFIG_HOME: home = '' } = environment;
    // A relative path is to be ignored, says the XDG Base Directory Specification.
    this.folder = join(isAbsolute(home) ? home : join(homedir(), '.config'), 'oslo-rpc');
    this.contexts = join(this.folder, 'contexts');
    this.selection = join(this.folder, 'selected');
  }

  /** Returns the names of all contexts, sorted. */
  names(): string[] {
    let found: string[];
    try {
      found = readdirSync(this.contexts);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw failure(this.contexts, error);
    }
    const names = found.filter((file) => file.endsWith(SUFFIX) && !file.startsWith('.'));
    return names.map((file) => file.slice(0, -SUFFIX.length)).sort();
  }

  /** Path of a context's file. */
  fileOf(name: string): string {
    return join(this.contexts, checkName(name) + SUFFIX);
  }

  /**
   * Reads a context.
   * @throws UsageError for an unknown name, with the nearest known one, and for a file that others can read
   */
  load(name: string): SavedContext {
    const file = this.fileOf(name);
    let text: string;
    try {
      const { mode, size } = statSync(file);
      if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
        throw new UsageError(`${file} may hold a password, and other users may use it: chmod 600 ${file}`);
      if (size > MAX_BYTES) throw new UsageError(`${file} is larger than ${MAX_BYTES / 1024} KiB`);
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw codeOf(error) === 'ENOENT' ? this.unknown(name) : failure(file, error);
    }
    try {
      return readContext(JSON.parse(text), file);
    } catch (error) {
      // The message of JSON.parse quotes the text.
      if (error instanceof SyntaxError)
        throw new UsageError(`${file}: expected JSON; remove it with oslo-rpc context rm`);
      throw error;
    }
  }

  /** Writes a new context. @throws UsageError where the name is taken */
  add(name: string, context: SavedContext): void {
    const file = this.fileOf(name);
    this.write(file, textOf(context), (temporary) => {
      try {
        // Unlike a renaming, this replaces nothing.
        linkSync(temporary, file);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        throw new UsageError(`the context "${name}" exists; change it with oslo-rpc context edit ${name}`);
      }
    });
  }

  /** Replaces a context. */
  replace(name: string, context: SavedContext): void {
    const file = this.fileOf(name);
    this.write(file, textOf(context), (temporary) => renameSync(temporary, file));
  }

  /** Removes a context. Returns true where it was the selected one. @throws UsageError for an unknown name */
  remove(name: string): boolean {
    try {
      rmSync(this.fileOf(name));
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? this.unknown(name) : failure(this.fileOf(name), error);
    }
    const wasSelected = this.selected() === name;
    if (wasSelected) this.select(undefined);
    return wasSelected;
  }

  /** Returns the name of the selected context. @throws UsageError for a name that is none */
  selected(): string | undefined {
    try {
      const name = readFileSync(this.selection, 'utf8').trim();
      return name === '' ? undefined : checkName(name);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error instanceof UsageError ? error : failure(this.selection, error);
    }
  }

  /** Selects a context, or none. @throws UsageError for an unknown name */
  select(name: string | undefined): void {
    if (name === undefined) {
      rmSync(this.selection, { force: true });
      return;
    }
    this.load(name);
    this.write(this.selection, `${name}\n`, (temporary) => renameSync(temporary, this.selection));
  }

  private unknown(name: string): UsageError {
    const names = this.names();
    const meant = nearest(name, names);
    const hint = meant ?? (names.length > 0 ? names.slice(0, 10).join(', ') : undefined);
    const known = meant ? `did you mean ${hint}?` : hint ? `known: ${hint}` : 'none is saved: oslo-rpc context add';
    return new UsageError(`no context "${name}" (${known})`);
  }

  private write(file: string, text: string, finish: (temporary: string) => void): void {
    const temporary = join(this.contexts, `.${randomBytes(8).toString('hex')}`);
    try {
      // One that is older keeps its mode: it may be a link to a folder of something else.
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      mkdirSync(this.contexts, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
      finish(temporary);
    } catch (error) {
      throw error instanceof UsageError ? error : failure(file, error);
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}

const textOf = (context: SavedContext) => `${JSON.stringify(context, null, 2)}\n`;

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

function failure(file: string, error: unknown): unknown {
  const code = codeOf(error);
  return code === undefined ? error : new UsageError(`${file} cannot be read or written (${code})`);
}
