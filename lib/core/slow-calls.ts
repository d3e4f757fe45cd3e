import type { Dict } from './dict.js';
import { type Duration, toMilliseconds } from './duration.js';
import type { Instrumentation } from './instrumentation.js';
import { type LogSink, oneLine } from './logger.js';
import type { RpcInvocation } from './rpc-message.js';

/** Parts of a request that a line names. */
type Named = Pick<RpcInvocation, 'method' | 'context'>;

/** Length of a name in a line, in characters: those of a request come off the wire. */
const MAX_NAME = 200;

/** Returns the instrumentation that warns of slow calls and handlers, in an array; an empty one without a threshold. */
export function slowCalls(threshold: Duration | undefined, logger: LogSink): Instrumentation[] {
  if (threshold === undefined) return [];
  const limit = toMilliseconds(threshold, 'slowCallThreshold');
  const timed = async (work: () => Promise<unknown>, what: () => string, { method, context }: Named) => {
    const began = performance.now();
    try {
      return await work();
    } finally {
      const took = performance.now() - began;
      if (took >= limit)
        logger.warn(`Slow ${what()} "${oneLine(method, MAX_NAME)}"${idIn(context)}: ${(took / 1000).toFixed(3)} s`);
    }
  };
  return [
    {
      client: (message, next) =>
        message.kind === 'call'
          ? timed(
              () => next(message),
              () => `call to ${message.target}:`,
              message,
            )
          : next(message),
      server: ({ request, handler }, next) =>
        handler === undefined ? next() : timed(next, () => 'handler of', request),
    },
  ];
}

function idIn({ request_id: id }: Dict): string {
  return typeof id === 'string' ? ` (request id "${oneLine(id, MAX_NAME)}")` : '';
}
