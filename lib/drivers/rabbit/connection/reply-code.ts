/** The code with which the broker has closed a channel or a connection; undefined for an error of another kind. Source: AMQP 0-9-1, reply-code. */
export function replyCodeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** To tell a queue or exchange that is not there from a queue that is there, on a node that is not. */
const ABSENT = /NOT_FOUND - no (queue|exchange) /;

export function isAbsent(error: unknown): boolean {
  return replyCodeOf(error) === 404 && ABSENT.test((error as Error).message);
}
