import { failureName, RemoteError } from '../../internal.js';
import type { SeenError } from '../protocol.js';
import type { MaskedValues } from './masked-values.js';

/** Length of a message, in characters. */
const MAX_MESSAGE = 1000;

/** Returns an error as it is shown. A remote one has the name of its class there. */
export function seenError(error: unknown, masked: MaskedValues): SeenError {
  if (error instanceof RemoteError)
    return { type: masked.name(error.excType), message: masked.text(error.value, MAX_MESSAGE) };
  return { type: masked.name(failureName(error)), message: masked.error(error, MAX_MESSAGE) };
}
