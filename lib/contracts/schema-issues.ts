import { nameOf } from '../core/given.js';
import type { SecretValues } from '../core/secret-values.js';
import type { SchemaIssue } from './errors.js';

/** Maximum number of issues in an error. The rest is counted. */
const MAX_ISSUES = 20;
/** Maximum length of all issues of an error, in characters. The rest is counted. They are sent three times: message, arguments, traceback. */
const MAX_LENGTH = 8000;
/** Maximum length of a message, in characters. */
const MAX_MESSAGE = 500;
/** Maximum number of keys in a path. */
const MAX_PARTS = 20;
/** Maximum length of a key, in characters: it comes off the wire. */
const MAX_PART = 100;

/** Returns issues of bounded size, and without secrets, which messages and paths may quote. */
export function issuesOf(issues: readonly unknown[], secrets: SecretValues): SchemaIssue[] {
  const kept: SchemaIssue[] = [];
  let length = 0;
  for (let index = 0; index < Math.min(issues.length, MAX_ISSUES); index++) {
    const issue = issueOf(issues[index], secrets);
    length += issue.message.length + issue.path.reduce<number>((sum, part) => sum + String(part).length + 1, 0);
    if (length > MAX_LENGTH && kept.length > 0) break;
    kept.push(issue);
  }
  return kept;
}

/** Returns issues as one text. @param total number of all issues */
export function described(issues: readonly SchemaIssue[], total: number): string {
  const texts = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  if (total === 0) return 'the schema gives no reason';
  const further = total - issues.length;
  return [...texts, ...(further > 0 ? [`and ${further} more`] : [])].join('; ');
}

function issueOf(issue: unknown, secrets: SecretValues): SchemaIssue {
  const { path, message } = (issue ?? {}) as { path?: unknown; message?: unknown };
  const parts: unknown[] = Array.isArray(path) ? Array.from<unknown>(path) : [];
  const shown = parts.slice(0, MAX_PARTS).map((part) => partOf(part, secrets));
  return {
    path: parts.length > MAX_PARTS ? [...shown, '…'] : shown,
    message: typeof message === 'string' ? secrets.mask(message, MAX_MESSAGE) : 'refused without a message',
  };
}

/** Returns a key, which some schemas wrap into an object. */
function partOf(part: unknown, secrets: SecretValues): string | number {
  const key: unknown = typeof part === 'object' && part !== null && 'key' in part ? part.key : part;
  if (typeof key === 'number') return key;
  const text = typeof key === 'string' ? key : typeof key === 'symbol' ? String(key) : nameOf(key);
  return secrets.mask(text, MAX_PART);
}
