import type { FindingView, QueueView, Snapshot, TopicView, TransportView } from '../../protocol.js';
import { count, duration, plural } from '../parts/format.js';

/** Fault or warning, in words for the person on call. */
export interface Problem {
  /** Unique among the problems of a snapshot. */
  readonly key: string;
  readonly severity: 'fault' | 'warning';
  /** Short name, such as "Nobody consumes". */
  readonly title: string;
  /** Queue, exchange, transport or method. */
  readonly subject: string;
  readonly text: string;
  readonly why: string | null;
  readonly cure: string | null;
}

/** Number of waiting messages from which a queue with consumers is said to pile up. */
const MANY_READY = 1000;

/** Titles of the doctor's states. */
const TITLES: Readonly<Record<string, string>> = {
  absent: 'Not declared',
  alarm: 'Alarm at the broker',
  backlog: 'Queue piles up',
  blocked: 'Broker blocks publishing',
  conflict: 'Declared with other settings',
  disconnected: 'Broker not reachable',
  'durable-mismatch': 'Durable against transient',
  'piling up': 'Queue piles up',
  refused: 'Refused by the broker',
  slow: 'Slow handler',
  unavailable: 'Not available',
  unbound: 'Bound to another exchange',
  unreachable: 'Broker not reachable',
  unserved: 'Nobody consumes',
};

/** Returns the faults and warnings of a snapshot, faults first: the doctor's, and those that the state itself shows. */
export function problemsOf(snapshot: Snapshot): Problem[] {
  const found = snapshot.findings.flatMap(fromFinding);
  const told = new Set(found.map(({ subject }) => subject));
  const seen = [...snapshot.transports.flatMap(fromTransport), ...snapshot.topics.flatMap(fromTopic)];
  const own = [...seen, ...fromTimeouts(snapshot)].filter(({ subject }) => !told.has(subject));
  const all = [...new Map([...own, ...found].map((problem) => [problem.key, problem])).values()];
  return [...all.filter(isFault), ...all.filter((problem) => !isFault(problem))];
}

const isFault = ({ severity }: Problem) => severity === 'fault';

function fromFinding({ severity, state, kind, name, text, why, cure }: FindingView): Problem[] {
  if (severity !== 'fault' && severity !== 'warning') return [];
  const title = TITLES[state] ?? `${state.charAt(0).toUpperCase()}${state.slice(1)}`;
  return [{ key: `${state} ${kind} ${name}`, severity, title, subject: `${kind} ${name}`, text, why, cure }];
}

function fromTransport(transport: TransportView): Problem[] {
  const { status, lastError, url, slots } = transport;
  const subject = `transport ${transport.name ?? 'default'} (${transport.use})`;
  const problem = (severity: Problem['severity'], title: string, rest: Pick<Problem, 'text' | 'why' | 'cure'>) => ({
    key: `${title} ${subject}`,
    severity,
    title,
    subject,
    ...rest,
  });
  const problems: Problem[] = [];
  const reason = lastError ? ` Last error: ${lastError.message}` : '';
  if (status === 'disconnected' || (status === 'connecting' && lastError))
    problems.push(
      problem('fault', 'Broker not reachable', {
        text: `${url} is ${status}.${reason}`,
        why: 'Calls fail at their deadline, and nothing is consumed. The transport reconnects by itself.',
        cure: 'Check that the broker runs and that this host reaches its port: oslo-rpc check --url …',
      }),
    );
  if (status === 'blocked')
    problems.push(
      problem('fault', 'Broker blocks publishing', {
        text: `${url} has a memory or disk alarm; publishing was blocked for ${duration(transport.blockedSeconds * 1000)} in all.`,
        why: 'Calls and casts wait here and fail at their deadline. Consuming continues.',
        cure: 'Free memory or disk on the broker, or raise its watermark: rabbitmqctl status lists the alarms',
      }),
    );
  const detached = transport.consumers.filter(({ attached }) => !attached);
  if (detached.length > 0 && (status === 'connected' || status === 'degraded'))
    problems.push(
      problem('fault', 'Queue not consumed', {
        text: `${detached.map(({ queue }) => queue).join(', ')}: not attached.${reason}`,
        why: 'Requests to this server wait in the queue.',
        cure: 'It attaches again by itself; if not, the last error has the reason',
      }),
    );
  if (slots.limit > 0 && slots.used >= slots.limit && slots.waiting > 0)
    problems.push(
      problem('warning', 'All slots in use', {
        text: `${slots.used} of ${slots.limit} slots are in use, and ${plural(slots.waiting, 'request')} wait for one.`,
        why: 'Handlers are slower than requests arrive, so that callers wait.',
        cure: 'Find the slow handler below "Slow and failed"; raise concurrency, or start another server',
      }),
    );
  return problems;
}

function fromTopic(topic: TopicView): Problem[] {
  return topic.queues.flatMap((queue) => fromQueue(topic, queue));
}

function fromQueue({ topic, exchange }: TopicView, { name, ready, consumers }: QueueView): Problem[] {
  const subject = `queue ${name}`;
  const where = `exchange ${exchange}, topic ${topic}`;
  if (consumers === 0 && (ready ?? 0) > 0)
    return [
      {
        key: `unserved queue ${name}`,
        severity: 'fault',
        title: 'Nobody consumes',
        subject,
        text: `${plural(ready ?? 0, 'message')} wait and there is no consumer (${where}).`,
        why: 'Calls fail at their deadline; casts wait until a server starts.',
        cure: 'Start a server of the topic, or read the log of the one that should run',
      },
    ];
  if (ready === null || ready < MANY_READY) return [];
  return [
    {
      key: `backlog queue ${name}`,
      severity: 'warning',
      title: 'Queue piles up',
      subject,
      text: `${count(ready)} messages wait for ${plural(consumers ?? 0, 'consumer')} (${where}).`,
      why: 'Requests arrive faster than they are handled, so that calls time out in the queue.',
      cure: 'Start another server, raise concurrency, or find the slow handler',
    },
  ];
}

/** Timeouts that have grown: the callers' sign of a slow handler. */
function fromTimeouts({ timeouts }: Snapshot): Problem[] {
  return timeouts.map(({ method, timeout, first, level, max }) => ({
    key: `slow method ${method}`,
    severity: 'warning',
    title: 'Slow handler',
    subject: `method ${method}`,
    text: `Its calls timed out; the timeout has grown from ${duration(first)} to ${duration(timeout)} (level ${level}, at most ${duration(max)}).`,
    why: 'Callers wait longer for each failure.',
    cure: 'Look at its handler and its queue; a handler that always needs longer wants a timeout of its own in the contract',
  }));
}
