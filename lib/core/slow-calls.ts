import { type Duration, toMilliseconds } from './duration.js';
import { newId } from './id.js';
import type { Instrumentation, ServedRequest } from './instrumentation.js';
import { type LogSubject, logAbout, logWithin, notificationSubject } from './log-subject.js';
import { type LogSink, oneLine } from './logger.js';
import type { Notification } from './notification.js';

/** Length of a name in a line, in characters: those of a request come off the wire. */
const MAX_NAME = 200;

/** Returns the instrumentation that warns of slow calls and handlers, in an array; an empty one without a threshold. */
export function slowCalls(threshold: Duration | undefined, logger: LogSink): Instrumentation[] {
  if (threshold === undefined) return [];
  const limit = toMilliseconds(threshold, 'slowCallThreshold');
  /** Returns the work itself: a promise around it would cost time and memory for each call. */
  const timed = (began: number, work: Promise<unknown>, warn: (seconds: number) => void): Promise<unknown> => {
    const end = () => {
      const took = performance.now() - began;
      if (took >= limit) warn(took / 1000);
    };
    work.then(end, end);
    return work;
  };
  return [
    {
      client: (message, next) => {
        if (message.kind !== 'call') return next(message);
        const { method, target, context, attempt, messageId = newId() } = message;
        // The line names the id on the wire, which the driver would make otherwise.
        const sent = message.messageId === undefined ? { ...message, messageId } : message;
        return timed(performance.now(), next(sent), (seconds) => {
          const { exchange, topic, server } = target;
          const subject = { method, exchange, topic, server, messageId, attempt, context };
          logAbout(logger, 'warn', subject, `Slow call to ${target}: ${shown(seconds)}`, rounded(seconds));
        });
      },
      server: (served, next) => {
        const { handler } = served;
        if (handler === undefined) return next();
        return timed(performance.now(), next(), (seconds) => {
          const text = `Slow handler ${oneLine(handler, MAX_NAME)}: ${shown(seconds)}`;
          logWithin(logger, 'warn', servedSubject(served), text, rounded(seconds));
        });
      },
      listener: ({ handler, notifications, queue }, next) =>
        timed(performance.now(), next(), (seconds) => {
          const text = `Slow handler ${handler} of ${notificationsIn(notifications)}: ${shown(seconds)}`;
          logWithin(logger, 'warn', notificationSubject(notifications, queue), text, rounded(seconds));
        }),
    },
  ];
}

const shown = (seconds: number): string => `${seconds.toFixed(3)} s`;
const rounded = (seconds: number): number => Number(seconds.toFixed(3));

function servedSubject({ request: { method, context }, target: { topic }, messageId }: ServedRequest): LogSubject {
  return { method, topic, messageId, context };
}

function notificationsIn(notifications: readonly Notification[]): string {
  if (notifications.length === 1) return 'a notification';
  const types = [...new Set(notifications.map(({ eventType }) => eventType ?? ''))].join(', ');
  return `${notifications.length} notifications "${oneLine(types, MAX_NAME)}"`;
}
