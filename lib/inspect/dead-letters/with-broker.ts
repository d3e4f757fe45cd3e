import { oneLine, toError } from '../../internal.js';
import { DeadLetterBroker } from './broker.js';
import type { DeadLetterScope } from './dead-letter-options.js';
import type { WalkBounds } from './walk-queue.js';

/** Maximum number of messages that are read in each queue, where the scope says none. */
const DEFAULT_LIMIT = 1000;

/** Runs the work with connections to the broker, and closes them. */
export async function withBroker<T>(
  scope: Pick<DeadLetterScope, 'broker'>,
  work: (broker: DeadLetterBroker) => Promise<T>,
): Promise<T> {
  const broker = new DeadLetterBroker(scope.broker);
  try {
    return await work(broker);
  } finally {
    await broker.close();
  }
}

/** Returns the bounds of a walk through a queue of the scope. @param isLook as in {@link WalkBounds} */
export function boundsOf({ limit = DEFAULT_LIMIT, signal, consent }: DeadLetterScope, isLook: boolean): WalkBounds {
  return { limit, signal, consent, isLook };
}

/** Returns an error as one line. */
export function lineOf(error: unknown): string {
  return oneLine(toError(error).message);
}
