import { type Duration, toMilliseconds } from './duration.js';
import type { Instrumentation } from './instrumentation.js';
import { type LogSink, oneLine } from './logger.js';

/** Length of a name in a line, in characters: those of a request come off the wire. */
const MAX_NAME = 200;

/** Returns the instrumentation that warns of slow calls and handlers, in an array; an empty one without a threshold. */
export function slowCalls(threshold: Duration | undefined, logger: LogSink): Instrumentation[] {
  if (threshold === undefined) return [];
  const limit = toMilliseconds(threshold, 'slowCallThreshold');
  const warn = (began: number, what: string, method: string, context: Readonly<Record<string, unknown>>) => {
    const took = performance.now() - began;
    if (took < limit) return;
    const { request_id: id } = context;
    const request = typeof id === 'string' ? ` (request id "${oneLine(id, MAX_NAME)}")` : '';
    logger.warn(`Slow ${what} "${oneLine(method, MAX_NAME)}"${request}: ${(took / 1000).toFixed(3)} s`);
  };
  return [
    {
      client: async (message, next) => {
        const began = performance.now();
        try {
          return await next(message);
        } finally {
          const { kind, method, target, context } = message;
          if (kind === 'call') warn(began, `call to ${target}:`, method, context);
        }
      },
      server: async ({ request, handler }, next) => {
        const began = performance.now();
        try {
          return await next();
        } finally {
          if (handler !== undefined) warn(began, 'handler of', request.method, request.context);
        }
      },
    },
  ];
}
