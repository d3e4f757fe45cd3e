import type { Dict } from './dict.js';

/** Key of the request context with the number of the attempt, from the second attempt on. */
const ATTEMPT_KEY = 'rpc_attempt';

/** Returns the number of the attempt that a request is: 1, unless its context says another one. */
export function attemptIn(context: Dict): number {
  const attempt = Object.hasOwn(context, ATTEMPT_KEY) ? context[ATTEMPT_KEY] : undefined;
  return typeof attempt === 'number' && Number.isSafeInteger(attempt) && attempt > 1 ? attempt : 1;
}

/** Returns a request context with the number of an attempt. */
export function withAttempt(context: Dict, attempt: number): Dict {
  return { ...context, [ATTEMPT_KEY]: attempt };
}

/** Returns a request context without the number of an attempt: a handler passes its context on, but not how often it was asked. */
export function withoutAttempt(context: Dict): Dict {
  if (!Object.hasOwn(context, ATTEMPT_KEY)) return context;
  const { [ATTEMPT_KEY]: _, ...others } = context;
  return others;
}
