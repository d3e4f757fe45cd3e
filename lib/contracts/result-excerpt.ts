import { stringifyJson } from '../core/json.js';
import { oneLine } from '../core/logger.js';
import { maskBeginning } from '../core/secret-names.js';
import type { SecretValues } from '../core/secret-values.js';
import { maskSecrets } from '../core/secrets.js';

/** Maximum length of an excerpt, in characters. */
const MAX_EXCERPT = 300;
/** Maximum number of values that an excerpt begins with. */
const MAX_VALUES = 100;
/** Maximum depth of the values in an excerpt. */
const MAX_DEPTH = 10;

/** Returns the beginning of a result as JSON text, with secrets masked. Takes bounded time. */
export function excerptOf(result: unknown, secrets: SecretValues): string {
  const beginning = beginningOf(result, { left: MAX_VALUES }, 0);
  const text = stringifyJson(maskSecrets(beginning)) ?? String(beginning);
  return oneLine(secrets.mask(text, MAX_EXCERPT * 2), MAX_EXCERPT);
}

function beginningOf(value: unknown, budget: { left: number }, depth: number): unknown {
  budget.left--;
  if (typeof value === 'string') return beginningOfText(value);
  if (typeof value !== 'object' || value === null) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  if (depth >= MAX_DEPTH || budget.left <= 0) return '…';
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value as unknown[]) {
      if (budget.left <= 0) break;
      items.push(beginningOf(item, budget, depth + 1));
    }
    return items;
  }
  const members: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (budget.left <= 0) break;
    members.push([key, beginningOf(Reflect.get(value, key), budget, depth + 1)]);
  }
  return Object.fromEntries(members);
}

/** A cut text may end within a secret. Longer ones than are shown are searched, and one without its end is masked, too. */
function beginningOfText(text: string): string {
  const max = MAX_EXCERPT * 4;
  return text.length > max ? maskBeginning(text.slice(0, max)) : text;
}
