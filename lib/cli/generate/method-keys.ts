import { reservedReason } from '../../internal.js';
import type { ContractModel } from '../contract/contract-model.js';

/** Returns the key of each method in the contract: its name on the wire, unless that is reserved. No key occurs twice. */
export function keysOf(methods: ContractModel['methods']): ReadonlyMap<string, string> {
  const names = Object.keys(methods);
  const taken = new Set(names);
  const keys = new Map<string, string>();
  for (const name of names) {
    let key = name;
    if (reservedReason(name) !== undefined) {
      key = `rpc_${name.replace(/^\$+/, '')}`;
      while (taken.has(key)) key += '_';
      taken.add(key);
    }
    keys.set(name, key);
  }
  return keys;
}
