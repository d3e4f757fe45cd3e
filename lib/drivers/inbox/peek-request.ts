import type { Limits } from '../../core/limits.js';
import { type RpcRequest, readRequest } from '../../core/rpc-message.js';
import type { Delivery } from './delivery.js';

/** Maximum size in bytes of a body that is read without running its request. */
const MAX_PEEKED_BYTES = 65_536;

/** Returns a request that is not to be run yet; undefined for one that is large, compressed or unreadable. */
export function peekRequest(delivery: Delivery, limits: Limits): RpcRequest | undefined {
  if (delivery.compression !== undefined || delivery.body.length > MAX_PEEKED_BYTES) return undefined;
  try {
    return readRequest(delivery.read(limits));
  } catch {
    // It is refused when it is about to run.
    return undefined;
  }
}
