import type { Rule } from './option-rules.js';
import { sharedClass } from './shared.js';

/** Decides which methods of a plain endpoint can be called. Source: oslo_messaging.rpc.dispatcher. */
@sharedClass('RPCAccessPolicyBase')
export abstract class RPCAccessPolicyBase {
  /** Returns true for a method that can be called. */
  abstract isAllowed(endpoint: object, method: string): boolean;
}

/** Access policy, or the class of one. */
export type AccessPolicy = RPCAccessPolicyBase | (new () => RPCAccessPolicyBase);

/** Accepts an access policy, or the class of one. */
export const accessPolicyLike: Rule = (value) => {
  const made: unknown = typeof value === 'function' ? value.prototype : value;
  return made instanceof RPCAccessPolicyBase ? undefined : 'an RPCAccessPolicyBase, or its class';
};
