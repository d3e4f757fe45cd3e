import type { QueueView, Snapshot, TopicView, TransportView } from '../../protocol.js';
import { count, duration, plural } from '../parts/format.js';
import type { Problem } from './problem.js';

/** Number of waiting messages from which a queue with consumers is said to pile up. */
const MANY_READY = 1000;

type Words = Pick<Problem, 'text' | 'why' | 'cure'>;

/** Returns the problems that a snapshot shows without a diagnosis. */
export function observedProblems({ transports, topics, timeouts }: Snapshot): Problem[] {
  return [
    ...transports.flatMap((transport) => fromTransport(transport, transports)),
    ...topics.flatMap((topic) => topic.queues.flatMap((queue) => fromQueue(topic, queue))),
    ...timeouts.map(fromTimeout),
  ];
}

const isDown = ({ status, lastError }: TransportView) =>
  status === 'disconnected' || (status === 'connecting' && lastError !== null);
const isBlocked = ({ status }: TransportView) => status === 'blocked';
const nameOf = ({ name, use }: TransportView) => `${name ?? 'default'} (${use})`;

function fromTransport(transport: TransportView, all: readonly TransportView[]): Problem[] {
  const { url, lastError, blockedSeconds } = transport;
  const reason = lastError ? ` Last error: ${lastError.message}` : '';
  /** One problem of all transports of a broker. */
  const ofBroker = (title: string, isConcerned: (one: TransportView) => boolean, words: Words): Problem[] => {
    const concerned = all.filter((one) => one.url === url && isConcerned(one));
    if (concerned[0] !== transport) return [];
    const subject = `transport ${concerned.map(nameOf).join(', ')}`;
    return [{ key: `${title} ${subject}`, severity: 'fault', title, subject, ...words, isOfTransport: true }];
  };
  return [
    ...ofBroker('Broker not reachable', isDown, {
      text: `${url} is ${transport.status}.${reason}`,
      why: 'Calls fail at their deadline, and nothing is consumed. The transport reconnects by itself.',
      cure: 'Check that the broker runs and that this host reaches its port.',
    }),
    ...ofBroker('Broker blocks publishing', isBlocked, {
      text: `${url} has a memory or disk alarm; publishing was blocked for ${duration(blockedSeconds * 1000)} in all.`,
      why: 'Calls and casts wait here and fail at their deadline. Consuming continues.',
      cure: 'Free memory or disk on the broker, or raise its watermark: rabbitmqctl status lists the alarms.',
    }),
    ...detached(transport, reason),
    ...exhausted(transport),
  ];
}

function detached(transport: TransportView, reason: string): Problem[] {
  const queues = transport.consumers.filter(({ attached }) => !attached).map(({ queue }) => queue);
  // Without a connection, that is the fault.
  if (queues.length === 0 || (transport.status !== 'connected' && transport.status !== 'degraded')) return [];
  const subject = `transport ${nameOf(transport)}`;
  return [
    {
      key: `detached ${subject}`,
      severity: 'fault',
      title: 'Queue not consumed',
      subject,
      text: `${queues.join(', ')}: not attached.${reason}`,
      why: 'Requests to this server wait in the queue.',
      cure: 'It attaches again by itself; if not, the last error has the reason.',
      isOfTransport: false,
    },
  ];
}

function exhausted(transport: TransportView): Problem[] {
  const { used, limit, waiting } = transport.slots;
  if (limit === 0 || used < limit || waiting === 0) return [];
  const subject = `transport ${nameOf(transport)}`;
  return [
    {
      key: `slots ${subject}`,
      severity: 'warning',
      title: 'All slots in use',
      subject,
      text: `${used} of ${limit} slots are in use; ${plural(waiting, 'request')} waiting for one.`,
      why: 'Handlers are slower than requests arrive, so that callers wait.',
      cure: 'Find the slow handler below Slow and failed; raise concurrency, or start another server.',
      isOfTransport: false,
    },
  ];
}

function fromQueue({ topic, exchange }: TopicView, { name, ready, consumers }: QueueView): Problem[] {
  const waiting = ready ?? 0;
  const where = `exchange ${exchange}, topic ${topic}`;
  const subject = `queue ${name}`;
  if (consumers === 0 && waiting > 0)
    return [
      {
        key: `unserved ${subject}`,
        severity: 'fault',
        title: 'Nobody consumes',
        subject,
        text: `${plural(waiting, 'message')} in the queue, and no consumer (${where}).`,
        why: 'Calls fail at their deadline; casts wait until a server starts.',
        cure: 'Start a server of the topic, or read the log of the one that should run.',
        isOfTransport: false,
      },
    ];
  if (waiting < MANY_READY) return [];
  return [
    {
      key: `piling up ${subject}`,
      severity: 'warning',
      title: 'Queue piles up',
      subject,
      text: `${count(waiting)} messages wait for ${plural(consumers ?? 0, 'consumer')} (${where}).`,
      why: 'Requests arrive faster than they are handled, so that calls time out in the queue.',
      cure: 'Start another server, raise concurrency, or find the slow handler.',
      isOfTransport: false,
    },
  ];
}

/** A grown timeout is the callers' sign of a slow handler. */
function fromTimeout({ method, timeout, first, level, max }: Snapshot['timeouts'][number]): Problem {
  return {
    key: `slow method ${method}`,
    severity: 'warning',
    title: 'Slow handler',
    subject: `method ${method}`,
    text: `Its calls timed out; the timeout has grown from ${duration(first)} to ${duration(timeout)} (level ${level}, at most ${duration(max)}).`,
    why: 'Callers wait longer for each failure.',
    cure: 'Look at its handler and its queue. A handler that always needs longer wants a timeout of its own in the contract.',
    isOfTransport: false,
  };
}
