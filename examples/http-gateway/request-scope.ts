import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestContext, runWithRequestContext } from 'nestjs-oslo-messaging';

/** Longest time for an answer, in seconds. Proxies in front of the gateway must wait for longer. */
const MAX_SECONDS = 5;
const REQUEST_ID = /^[\w.-]{1,64}$/;

const deadlines = new AsyncLocalStorage<number>();

/**
 * Middleware that gives each HTTP request a request context with its id, and a deadline. All work for the request finds
 * both. The id is taken from the header X-Request-Id, else a new one. The header X-Request-Timeout has the seconds that
 * the client waits.
 */
export function requestScope({ headers }: IncomingMessage, response: ServerResponse, next: () => void): void {
  const given = headers['x-request-id'];
  const isId = typeof given === 'string' && REQUEST_ID.test(given);
  const requestId = isId ? given : `req-${randomUUID()}`;
  response.setHeader('X-Request-Id', requestId);
  const asked = Number(headers['x-request-timeout']);
  const seconds = asked > 0 ? Math.min(asked, MAX_SECONDS) : MAX_SECONDS;
  deadlines.run(performance.now() + seconds * 1000, () =>
    runWithRequestContext(new RequestContext({ requestId }), next),
  );
}

/** Returns the seconds that are left for the HTTP request in work, at least a millisecond. */
export function remainingSeconds(): number {
  const deadline = deadlines.getStore() ?? performance.now() + MAX_SECONDS * 1000;
  return Math.max(deadline - performance.now(), 1) / 1000;
}
