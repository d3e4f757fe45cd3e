import { ConfigurationError } from '../core/errors.js';
import { type Rule, takesDuration } from '../core/option-rules.js';
import { OPTION_RULES } from '../core/options.js';
import { type ConfigValues, type FoundText, wrongValue } from './config-values.js';
import type { OsloOption } from './oslo-options.js';

/** Value for an option of this library, and the text that it was read from. */
export interface Setting {
  readonly value: unknown;
  readonly from: FoundText;
}

/**
 * Reads an option and checks it by the rule of the option here. Returns undefined where neither files nor environment have
 * it, or where an empty text means that.
 * @throws ConfigurationError with file, line and option
 */
export function readOption(values: ConfigValues, option: OsloOption): Setting | undefined {
  const found = values.read(option);
  if (!found) return undefined;
  const { texts } = found;
  const from = texts.at(-1) ?? texts[0];
  if (option.type === 'multi') {
    const items = (found.value as string[]).flatMap((item, index) => {
      if (item === '' && option.mayBeEmpty) return [];
      check(option, item, texts[index] ?? from);
      return [item];
    });
    return { value: [...new Set(items)], from };
  }
  if (found.value === '' && option.mayBeEmpty) return undefined;
  const value = adapted(option, found.value);
  check(option, value, from);
  return { value: inSeconds(option, value), from };
}

function check(option: OsloOption, value: unknown, from: FoundText): void {
  const expected = expectedBy(option.rule, value);
  if (expected !== undefined) throw wrongValue(from, expected, option);
}

/** Returns the allowed values, or undefined for a valid value. Some rules throw. */
function expectedBy(rule: Rule, value: unknown): string | undefined {
  try {
    return rule(value, '');
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return typeof value === 'string'
      ? 'a number of seconds, or a number with a unit such as 250ms, 30s or 5m'
      : 'a number of seconds, 0 or more';
  }
}

/** Line feeds in a URL, from a value of several lines, mean nothing to Python's parser of URLs. */
function adapted({ path }: OsloOption, value: unknown): unknown {
  const isUrl = path === 'transportUrl' || path === 'notificationTransportUrl';
  return isUrl ? String(value).replace(/[\t\r\n]/g, '') : value;
}

/** A bare number of seconds beyond 1000 would cause a warning, as it could be one of milliseconds. In a file it is none. */
function inSeconds({ path = '', rule }: OsloOption, value: unknown): unknown {
  const isDuration = takesDuration(rule) || takesDuration(OPTION_RULES[path as keyof typeof OPTION_RULES] ?? rule);
  return isDuration && typeof value === 'number' && value >= 1000 ? `${value}s` : value;
}
