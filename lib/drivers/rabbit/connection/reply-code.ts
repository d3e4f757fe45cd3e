/** Returns the AMQP 0-9-1 reply code with which the broker closed a channel or a connection; undefined for other errors. */
export function replyCodeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** Reply code with which the broker closes the connections of a node that is stopped or drained. */
export const CONNECTION_FORCED = 320;

/** Reply code with which the broker closes a connection that asks for what its configuration denies, or its cluster cannot do. */
export const INTERNAL_ERROR = 541;

/** Error for a queue or exchange that does not exist, unlike the error for a queue whose node is down. */
const ABSENT = /NOT_FOUND - no (queue|exchange) /;

/** Returns true where the broker reports that a queue or an exchange does not exist. */
export function isAbsent(error: unknown): boolean {
  return replyCodeOf(error) === 404 && ABSENT.test((error as Error).message);
}
