import type { Dict } from './dict.js';
import { type Duration, toMilliseconds } from './duration.js';
import type { Instrumentation } from './instrumentation.js';
import { type LogSink, oneLine } from './logger.js';
import type { Notification } from './notification.js';
import type { RpcInvocation } from './rpc-message.js';

/** Length of a name in a line, in characters: those of a request come off the wire. */
const MAX_NAME = 200;

/** Returns the instrumentation that warns of slow calls and handlers, in an array; an empty one without a threshold. */
export function slowCalls(threshold: Duration | undefined, logger: LogSink): Instrumentation[] {
  if (threshold === undefined) return [];
  const limit = toMilliseconds(threshold, 'slowCallThreshold');
  /** Returns the work itself: a promise around it would cost time and memory for each call. */
  const timed = (began: number, work: Promise<unknown>, what: () => string): Promise<unknown> => {
    const end = () => {
      const took = performance.now() - began;
      if (took >= limit) logger.warn(`Slow ${what()}: ${(took / 1000).toFixed(3)} s`);
    };
    work.then(end, end);
    return work;
  };
  return [
    {
      client: (message, next) => {
        if (message.kind !== 'call') return next(message);
        return timed(performance.now(), next(message), () => `call to ${message.target}: ${nameIn(message)}`);
      },
      server: ({ request, handler }, next) => {
        if (handler === undefined) return next();
        return timed(performance.now(), next(), () => `handler of ${nameIn(request)}`);
      },
      listener: ({ handler, notifications }, next) =>
        timed(performance.now(), next(), () => `handler ${handler} of ${notificationsIn(notifications)}`),
    },
  ];
}

/** Returns the method of a request, and its id where it has one. */
function nameIn({ method, context }: Pick<RpcInvocation, 'method' | 'context'>): string {
  return `"${oneLine(method, MAX_NAME)}"${idIn(context)}`;
}

function notificationsIn(notifications: readonly Notification[]): string {
  const [first, ...others] = notifications;
  const types = [...new Set(notifications.map(({ eventType }) => eventType ?? ''))].join(', ');
  const named = `"${oneLine(types, MAX_NAME)}"`;
  return others.length > 0
    ? `${notifications.length} notifications ${named}`
    : `notification ${named}${idIn(first?.context ?? {})}`;
}

function idIn({ request_id: id }: Dict): string {
  return typeof id === 'string' ? ` (request id "${oneLine(id, MAX_NAME)}")` : '';
}
