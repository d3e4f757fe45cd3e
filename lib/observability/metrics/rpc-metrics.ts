import { Histogram } from 'prom-client';
import type { Instrumentation, OutgoingMessage, ServedNotifications, ServedRequest } from '../../internal.js';
import { Invocations, MAX_LABEL_SETS, type Place } from './invocations.js';
import { BoundedValues, LabelSets, OTHER } from './label-sets.js';

const CLIENT = [
  'call_type',
  'exchange',
  'topic',
  'namespace',
  'version',
  'server',
  'fanout',
  'process',
  'method',
  'timeout',
] as const;
const SERVER = ['exchange', 'topic', 'server', 'endpoint', 'namespace', 'version', 'method', 'process'] as const;
const NOTIFIER = ['topic', 'priority', 'process'] as const;
const LISTENER = ['queue', 'priority', 'handler', 'process'] as const;
const WAITS = ['exchange', 'topic', 'server', 'process'] as const;

/** Maximum number of names of servers that clients address. A client of each host of a data center has many. */
const MAX_SERVERS = 100;
/** Maximum number of timeouts: that of a nested call is what is left of its caller's, which can be any. */
const MAX_TIMEOUTS = 20;
/** Version of a target that names none. */
const DEFAULT_VERSION = '1.0';

/** Returns functions that measure requests and notifications. @param process value of the label `process` */
export function rpcMetrics(
  place: Place,
  process: string,
): Required<Pick<Instrumentation, 'client' | 'server' | 'listener'>> {
  const [kept, servers, timeouts] = [
    ['process'] as const,
    new BoundedValues(MAX_SERVERS),
    new BoundedValues(MAX_TIMEOUTS),
  ];
  const client = new Invocations(place, {
    name: 'rpc_client',
    subject: 'Calls and casts',
    labels: CLIENT,
    kept: ['call_type', ...kept],
  });
  const server = new Invocations(place, { name: 'rpc_server', subject: 'Requests', labels: SERVER, kept });
  const notifier = new Invocations(place, { name: 'notifier', subject: 'Notifications sent', labels: NOTIFIER, kept });
  const listener = new Invocations(place, {
    name: 'listener',
    subject: 'Notifications, or batches, handled',
    labels: LISTENER,
    kept,
  });
  const queueWaits = waits(
    place,
    'rpc_server_queue_wait_seconds',
    'Time of requests in their queue, beyond the fastest of their caller',
  );
  const slotWaits = waits(place, 'rpc_server_slot_wait_seconds', 'Time for which requests waited here for a free slot');

  const labelsOfSent = ({ kind, target, method, deadline }: OutgoingMessage) => ({
    call_type: kind,
    exchange: text(target.exchange),
    topic: text(target.topic),
    namespace: text(target.namespace),
    version: text(target.version),
    server: target.server === undefined ? 'None' : servers.admit(target.server),
    fanout: target.fanout ? 'True' : 'None',
    process,
    method,
    timeout: kind === 'call' ? timeouts.admit(rounded((deadline.at - deadline.since) / 1000)) : 'None',
  });
  return {
    client: (message, next) => {
      const { kind, target, notification } = message;
      if (kind !== 'notification') return client.measure(labelsOfSent(message), () => next(message));
      const labels = { topic: text(target.topic), priority: notification?.priority ?? OTHER, process };
      return notifier.measure(labels, () => next(message));
    },
    server: (served, next) => {
      const { exchange, topic, server: name } = served.target;
      const at = { exchange: text(exchange), topic: text(topic), server: text(name), process };
      if (served.queueWait !== undefined) queueWaits.of(at)(served.queueWait);
      slotWaits.of(at)(served.slotWait);
      return server.measure({ ...at, ...invoked(served) }, next);
    },
    listener: (served, next) => listener.measure({ ...received(served), process }, next),
  };
}

/** Returns labels that no caller chooses: an unknown method has none of its own. */
function invoked({ request, handler, endpoint }: ServedRequest) {
  if (handler === undefined || endpoint === undefined)
    return { endpoint: OTHER, namespace: OTHER, version: OTHER, method: OTHER };
  const [className = handler] = handler.split('.');
  return {
    endpoint: className,
    namespace: text(request.namespace),
    // A caller may write a compatible version in many ways.
    version: endpoint.version ?? DEFAULT_VERSION,
    method: request.method,
  };
}

function received({ queue, notifications, handler }: ServedNotifications) {
  return { queue, priority: notifications[0]?.priority ?? OTHER, handler };
}

function waits({ register, prefix, buckets }: Place, name: string, help: string) {
  const histogram = new Histogram({
    name: prefix + name,
    help,
    labelNames: [...WAITS],
    buckets: [...buckets],
    registers: [register],
  });
  return new LabelSets<(typeof WAITS)[number], (seconds: number) => void>(MAX_LABEL_SETS, ['process'], (labels) => {
    const child = histogram.labels(labels);
    return (seconds) => child.observe(Math.max(0, seconds));
  });
}

/** Returns the label of a value that may be missing, as oslo.metrics writes it. */
const text = (value: string | undefined): string => value ?? 'None';

/** Returns whole seconds, and shorter times with one digit. A deadline is a sum, and so not exact. */
const rounded = (seconds: number): string =>
  String(seconds < 1 ? Number(seconds.toPrecision(1)) : Math.ceil(Number(seconds.toFixed(3))));
