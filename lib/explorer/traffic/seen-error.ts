import { failureName, RemoteError, toError } from '../../internal.js';
import type { SeenError } from '../protocol.js';
import type { MaskedValues } from './masked-values.js';
import { tracebackOf } from './traceback.js';

/** Length of a message, in characters. */
const MAX_MESSAGE = 1000;

/**
 * Returns an error as it is shown. A remote one has the name of its class there, and the traceback of its server.
 * @param isThrownHere true for the error of a handler of this process, whose stack is shown
 */
export function seenError(error: unknown, masked: MaskedValues, isThrownHere = false): SeenError {
  if (error instanceof RemoteError)
    return {
      type: masked.name(error.excType),
      message: masked.text(error.value, MAX_MESSAGE),
      traceback: tracebackOf(error.traceback, masked),
    };
  return {
    type: masked.name(failureName(error)),
    message: masked.error(error, MAX_MESSAGE),
    traceback: isThrownHere ? tracebackOf(framesOf(error), masked) : [],
  };
}

/** Returns the frames of a stack, the outermost first, as Python has them. */
function framesOf(error: unknown): string[] {
  const lines = (toError(error).stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return lines.reverse();
}
