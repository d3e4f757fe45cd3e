import { ConfigurationError, DriverLoadFailure, InvalidTransportURL } from '../core/errors.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { shared } from '../core/shared.js';
import { shownName, whereIs } from './config-values.js';
import type { Setting } from './read-option.js';

/** Options from files or the environment, by path. */
export type ReadSettings = ReadonlyMap<string, Setting>;

const places = shared('places', () => new WeakMap<OsloMessagingOptions, ReadSettings>());

/** Remembers the places of options that come from files, for {@link atPlaces}. Returns the options. */
export function remember(options: OsloMessagingOptions, settings: ReadSettings): OsloMessagingOptions {
  places.set(options, settings);
  return options;
}

/** Returns the options with others changed. The places of the rest stay known. */
export function extended(options: OsloMessagingOptions, changes: OsloMessagingOptions): OsloMessagingOptions {
  return remember({ ...options, ...changes }, places.get(options) ?? new Map());
}

/**
 * Uses options. An error about one that comes from a file, or about the transport URL, then names file and line.
 * @param url option of the transport URL that is used
 * @throws ConfigurationError instead of an error that a file causes; other errors as they are
 */
export function atPlaces<T>(
  options: OsloMessagingOptions,
  url: 'transportUrl' | 'notificationTransportUrl',
  use: () => T,
): T {
  try {
    return use();
  } catch (error) {
    const settings = places.get(options);
    if (!settings) throw error;
    // Without a URL of their own, notifications use that of RPC.
    throw located(error, settings, options[url] === undefined ? 'transportUrl' : url) ?? error;
  }
}

function located(error: unknown, settings: ReadSettings, url: string): ConfigurationError | undefined {
  const from = settings.get(url)?.from;
  if (from && isAboutUrl(error)) return new ConfigurationError(`${whereIs(from)}: ${error.message}`, { cause: error });
  if (!(error instanceof ConfigurationError)) return undefined;
  const named = [...settings].filter(([path]) => names(error.message, path));
  if (named.length === 0) return undefined;
  const found = named.map(([path, setting]) => `${path} is ${shownName(setting.from.name)} at ${setting.from.place}`);
  return new ConfigurationError(`${error.message} (${found.join('; ')})`, { cause: error });
}

/** Returns true for an error that names an option, not for one with an equal word. */
const names = (message: string, path: string) => message.includes(`"${path}"`) || message.startsWith(`${path}:`);

function isAboutUrl(error: unknown): error is Error {
  return (
    error instanceof InvalidTransportURL ||
    error instanceof DriverLoadFailure ||
    (error instanceof ConfigurationError && /transport URL parameter/i.test(error.message))
  );
}
