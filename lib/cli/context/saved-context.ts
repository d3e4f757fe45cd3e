import { isAbsolute } from 'node:path';
import { type Dict, nearest, redactUrl } from '../../internal.js';
import { UsageError } from '../exit-code.js';

/** File or folder of oslo.config, by its absolute path. */
export type SavedFile = { readonly file: string } | { readonly dir: string };

/** Saved context: a broker, and habits with it. */
export interface SavedContext {
  description?: string;
  /** Transport URL, with its password. */
  url?: string;
  exchange?: string;
  timeout?: string;
  managementUrl?: string;
  /** Files of oslo.config, in the order in which they count. */
  config?: readonly SavedFile[];
}

const TEXTS = ['description', 'url', 'exchange', 'timeout', 'managementUrl'] as const;
const MEMBERS: readonly string[] = [...TEXTS, 'config'];

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** Checks the name of a context, which is the name of its file. @throws UsageError */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(
    `context name: expected 1 to 64 letters, digits, ".", "_" and "-", beginning with a letter or digit; got ${JSON.stringify(name.slice(0, 80))}`,
  );
}

/** Reads a context from the value in its file. @throws UsageError that quotes no value: it may be a password */
export function readContext(value: unknown, file: string): SavedContext {
  const refuse = (why: string) => new UsageError(`${file}: ${why}; repair it, or remove it with oslo-rpc context rm`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('expected a JSON object');
  const members = value as Dict;
  for (const name of Object.keys(members)) {
    if (MEMBERS.includes(name)) continue;
    const meant = nearest(name, MEMBERS);
    throw refuse(`unknown member ${JSON.stringify(name.slice(0, 60))}${meant ? ` (did you mean ${meant}?)` : ''}`);
  }
  for (const name of TEXTS)
    if (members[name] !== undefined && typeof members[name] !== 'string') throw refuse(`"${name}" is no string`);
  const { config } = members;
  if (config !== undefined && !(Array.isArray(config) && config.every(isSavedFile)))
    throw refuse('"config" is no list of {"file": path} and {"dir": path} with absolute paths');
  return members as SavedContext;
}

function isSavedFile(value: unknown): value is SavedFile {
  const { file, dir } = (value ?? {}) as { file?: unknown; dir?: unknown };
  const path = file ?? dir;
  return typeof path === 'string' && isAbsolute(path) && (file === undefined) !== (dir === undefined);
}

/** Returns a context for display: without the credentials of its URLs. */
export function shownContext({ url, managementUrl, ...others }: SavedContext): SavedContext {
  return {
    ...others,
    ...(url !== undefined && { url: redactUrl(url) }),
    ...(managementUrl !== undefined && { managementUrl: redactUrl(managementUrl) }),
  };
}
