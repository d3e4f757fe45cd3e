import { checkNames } from '../core/option-rules.js';
import type { RpcApiPrepareOptions, RpcApiRequestOptions } from './client-types.js';

const REQUEST_OPTIONS: readonly (keyof RpcApiRequestOptions)[] = [
  'context',
  'timeout',
  'server',
  'signal',
  'callMonitorTimeout',
  'retry',
  'transportOptions',
  'propagateDeadlines',
];
const PREPARE_OPTIONS: readonly (keyof RpcApiPrepareOptions)[] = [...REQUEST_OPTIONS, 'versionCap', 'retryPolicy'];

const KNOWN: ReadonlySet<string> = new Set(REQUEST_OPTIONS);

/** @throws ConfigurationError for an unknown option of `$prepare` */
export function checkPrepareOptions(options: RpcApiPrepareOptions): void {
  checkNames(options, PREPARE_OPTIONS, '$prepare option');
}

/** Returns the options that are not undefined. */
export function givenOf<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Options of a request, for `prepare`. */
export type RequestChanges = Omit<RpcApiRequestOptions, 'context'>;

/**
 * Returns the options that are given, without the context, for `prepare`, which would clear undefined ones.
 * @throws ConfigurationError for an unknown name
 */
export function changesOf(options: RpcApiRequestOptions): RequestChanges {
  if (typeof options !== 'object' || options === null) checkNames(options, REQUEST_OPTIONS, 'request option');
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(options)) {
    // Cheaper than `checkNames`, because requests have options again and again.
    if (!KNOWN.has(name)) checkNames(options, REQUEST_OPTIONS, 'request option');
    const value = options[name as keyof RpcApiRequestOptions];
    if (value !== undefined && name !== 'context') changes[name] = value;
  }
  return changes;
}
