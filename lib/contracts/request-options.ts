import { checkNames } from '../core/option-rules.js';
import type { PrepareOptions } from '../rpc/client.js';
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

/** @throws ConfigurationError for an unknown option of a request */
export function checkRequestOptions(options: RpcApiRequestOptions): void {
  checkNames(options, REQUEST_OPTIONS, 'request option');
}

/** @throws ConfigurationError for an unknown option of `$prepare` */
export function checkPrepareOptions(options: RpcApiPrepareOptions): void {
  checkNames(options, PREPARE_OPTIONS, '$prepare option');
}

/** Returns the options that are not undefined. */
export function givenOf<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Returns the options that are given, without the context, for `prepare`, which would clear undefined ones. */
export function changesOf(options: RpcApiRequestOptions): PrepareOptions {
  const { context: _, ...changes } = givenOf(options);
  return changes;
}
