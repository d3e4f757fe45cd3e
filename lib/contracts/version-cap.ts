import { ConfigurationError } from '../core/errors.js';
import { nearest } from '../core/option-rules.js';
import { checkVersion, compareVersions, isVersion, versionIsCompatible } from '../core/version.js';
import type { RpcApiMethod } from './api-method.js';
import type { RpcApi, RpcVersionAliases } from './rpc-api.js';

/** Cap that is taken from what servers report. */
export const AUTO = 'auto';

/**
 * Returns the version that a cap means.
 * @throws ConfigurationError for a text that is neither a version nor a known alias
 */
export function resolveCap(
  cap: string | undefined,
  { versionAliases, target }: RpcApi,
  further: RpcVersionAliases = {},
): string | undefined {
  if (cap === undefined || cap === AUTO) return cap;
  if (isVersion(cap)) return cap;
  const aliases = { ...versionAliases, ...further };
  const version = Object.hasOwn(aliases, cap) ? aliases[cap] : undefined;
  if (version !== undefined) {
    checkVersion(version);
    return version;
  }
  const known = Object.keys(aliases);
  const near = nearest(String(cap), known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new ConfigurationError(
    `versionCap: expected a version such as '1.2', 'auto', or an alias of the API (${known.join(', ') || 'it has none'}); got ${JSON.stringify(cap)}${hint}`,
    { target },
  );
}

/** Form in which a method is sent. */
export interface MethodForm {
  readonly version: string;
  /** Returns the arguments in their older shape. Undefined: they are sent as they are. */
  readonly convert: ((args: never) => object) | undefined;
  /** True where the cap allows the form. */
  readonly isAllowed: boolean;
}

/** Returns the newest form of a method that a cap allows; the present form where it allows none. */
export function formUnder(cap: string | undefined, { version, fallback }: RpcApiMethod): MethodForm {
  if (versionIsCompatible(cap, version)) return { version, convert: undefined, isAllowed: true };
  const older = fallback.find((form) => versionIsCompatible(cap, form.version));
  if (!older) return { version, convert: undefined, isAllowed: false };
  const convert = older.args && ((args: never) => older.args?.(args) as object);
  return { version: older.version, convert, isAllowed: true };
}

/** Version of a request that names none. */
const DEFAULT_VERSION = '1.0';

/**
 * Returns true for a request whose arguments may have an older shape: it is below the version of a method that has a
 * `fallback`. The schema describes the present shape, and does not apply.
 */
export function hasOlderShape({ version, fallback }: RpcApiMethod, requested: string = DEFAULT_VERSION): boolean {
  return fallback.length > 0 && compareVersions(requested, version) < 0;
}
