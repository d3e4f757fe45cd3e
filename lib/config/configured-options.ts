import { hostname } from 'node:os';
import { consoleLogger, guardedLogger } from '../core/logger.js';
import { checkOptions } from '../core/option-rules.js';
import { OPTION_RULES, type OsloMessagingOptions } from '../core/options.js';
import type { RabbitOptions } from '../core/rabbit-options.js';
import { reportConfig } from './config-report.js';
import { filesIn, readSources } from './config-sources.js';
import { ConfigValues, keyOf, type OptionName } from './config-values.js';
import { OSLO_OPTIONS } from './oslo-options.js';
import { remember } from './places.js';
import { readOption, type Setting } from './read-option.js';

/**
 * Returns the options, completed from their `configFiles` and `configDirs` and from the environment. Options that are given
 * win; the files' values for them are not read. Without these two options, the options are returned as they are.
 * Contradictions between options, and a wrong transport URL, are found where they are used, see `atPlaces`.
 * @throws ConfigurationError for a file that cannot be read, and, with file, line and option, for a wrong value
 */
export function withConfigFiles(options: OsloMessagingOptions): OsloMessagingOptions {
  // Options that are no object are refused where they are normalized.
  const { configFiles, configDirs, ...given } = (options as OsloMessagingOptions | null) ?? {};
  if (configFiles === undefined && configDirs === undefined) return options;
  checkOptions(options, OPTION_RULES, '');
  const sources = readSources([...listOf(configFiles), ...listOf(configDirs).flatMap(filesIn)]);
  const references = { known: OSLO_OPTIONS, given: textIn(given), fallback: defaultText };
  const values = new ConfigValues(sources, process.env, references);
  const settings = new Map<string, Setting>();
  for (const option of OSLO_OPTIONS) {
    const { path } = option;
    if (path !== undefined && valueAt(given, path) !== undefined) continue;
    const setting = readOption(values, option);
    if (setting && path !== undefined) settings.set(path, setting);
  }
  const whole = merged(settings, given);
  const paths = sources.map(({ path }) => path);
  reportConfig(values, paths, settings, whole, guardedLogger(given.logger ?? consoleLogger));
  return remember(whole, settings);
}

const listOf = (paths: string | readonly string[] | undefined): readonly string[] => [paths ?? []].flat();

/** Returns the value of an option by its path. */
function valueAt(options: OsloMessagingOptions, path: string): unknown {
  const [outer = '', inner] = path.split('.');
  const value: unknown = Reflect.get(options, outer);
  return inner === undefined ? value : Reflect.get((value ?? {}) as object, inner);
}

/** Returns the text that a given option has for `$name`; undefined for one that is absent, or no text. */
const textIn = (given: OsloMessagingOptions) => (name: OptionName) => {
  const option = OSLO_OPTIONS.find(({ names }) => keyOf(names[0]) === keyOf(name));
  const value = option?.path === undefined ? undefined : valueAt(given, option.path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

const HOST = keyOf(['DEFAULT', 'host']);

/** Returns the text of an option that is nowhere set. */
const defaultText = (name: OptionName) => (keyOf(name) === HOST ? hostname() : undefined);

/** Returns the options of the files, with those that are given over them. */
function merged(settings: ReadonlyMap<string, Setting>, given: OsloMessagingOptions): OsloMessagingOptions {
  const read: Record<string, unknown> = {};
  const rabbit: Record<string, unknown> = {};
  for (const [path, { value }] of settings) {
    const [outer = '', inner] = path.split('.');
    if (inner === undefined) read[outer] = value;
    else rabbit[inner] = value;
  }
  const whole: RabbitOptions = { ...rabbit, ...defined(given.rabbit ?? {}) };
  return { ...read, ...defined(given), rabbit: whole };
}

/** Returns the options without undefined ones, which count as absent. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
