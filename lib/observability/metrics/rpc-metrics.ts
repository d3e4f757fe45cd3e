import type { Instrumentation, OutgoingMessage, ServedNotifications, ServedRequest, Target } from '../../internal.js';
import { MethodCache } from '../method-cache.js';
import { type Invocation, Invocations, MAX_LABEL_SETS, type Place } from './invocations.js';
import { BoundedValues, LabelSets, OTHER } from './label-sets.js';
import { type HistogramSeries, SeriesHistogram } from './series.js';

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
  const server = new Invocations(place, {
    name: 'rpc_server',
    subject: 'Requests',
    labels: SERVER,
    kept,
    expects: true,
  });
  const notifier = new Invocations(place, { name: 'notifier', subject: 'Notifications sent', labels: NOTIFIER, kept });
  const listener = new Invocations(place, {
    name: 'listener',
    subject: 'Notifications, or batches, handled',
    labels: LISTENER,
    kept,
  });
  const queueWaits = waitsIn(
    place,
    'rpc_server_queue_wait_seconds',
    'Time of requests in their queue, beyond the fastest of their caller',
  );
  const slotWaits = waitsIn(
    place,
    'rpc_server_slot_wait_seconds',
    'Time for which requests waited here for a free slot',
  );

  const sent = new MethodCache<SentInvocation>();
  const sentOf = ({ kind, target, method, deadline }: OutgoingMessage): Invocation => {
    const timeout = kind === 'call' ? rounded(deadline.at - deadline.since) : undefined;
    const known = sent.get(target, method);
    if (known?.kind === kind && known.timeout === timeout) return known.invocation;
    const invocation = client.of({
      call_type: kind,
      exchange: text(target.exchange),
      topic: text(target.topic),
      namespace: text(target.namespace),
      version: text(target.version),
      server: target.server === undefined ? 'None' : servers.admit(target.server),
      fanout: target.fanout ? 'True' : 'None',
      process,
      method,
      timeout: timeout === undefined ? 'None' : timeouts.admit(String(timeout)),
    });
    return sent.keep(target, method, { kind, timeout, invocation }).invocation;
  };

  const served = new MethodCache<ServedInvocation>();
  const servedOf = (it: ServedRequest): Invocation => {
    const { target, endpoint, handler, request } = it;
    const { namespace, method } = request;
    const known = endpoint && served.get(endpoint, method);
    if (known?.target === target && known.handler === handler && known.namespace === namespace) return known.invocation;
    const invocation = server.of({ ...labelsOfServer(target, process), ...invoked(it) });
    if (endpoint && handler !== undefined) served.keep(endpoint, method, { target, handler, namespace, invocation });
    return invocation;
  };

  const waits = new WeakMap<Target, Waits>();
  const waitsOf = (target: Target): Waits => {
    const known = waits.get(target);
    if (known) return known;
    const labels = labelsOfServer(target, process);
    const made = { queue: queueWaits.of(labels), slot: slotWaits.of(labels) };
    waits.set(target, made);
    return made;
  };

  return {
    client: (message, next) => {
      const { kind, target, notification } = message;
      const invocation =
        kind === 'notification'
          ? notifier.of({ topic: text(target.topic), priority: notification?.priority ?? OTHER, process })
          : sentOf(message);
      const since = invocation.begin();
      return invocation.until(next(message), since);
    },
    server: (request, next) => {
      const { queue, slot } = waitsOf(request.target);
      if (request.queueWait !== undefined) queue.observe(Math.max(0, request.queueWait));
      slot.observe(Math.max(0, request.slotWait));
      const invocation = servedOf(request);
      const since = invocation.begin();
      return invocation.until(next(), since, request.isExpected);
    },
    listener: (notifications, next) => {
      const invocation = listener.of({ ...received(notifications), process });
      const since = invocation.begin();
      return invocation.until(next(), since);
    },
  };
}

/** Invocations of a method by a client, and what their labels depend on besides. */
interface SentInvocation {
  readonly kind: OutgoingMessage['kind'];
  readonly timeout: number | undefined;
  readonly invocation: Invocation;
}

/** Invocations of a method of a server, and what their labels depend on besides. */
interface ServedInvocation extends Pick<ServedRequest, 'target' | 'handler'> {
  readonly namespace: string | undefined;
  readonly invocation: Invocation;
}

/** Times for which requests of one server have waited. */
interface Waits {
  readonly queue: HistogramSeries;
  readonly slot: HistogramSeries;
}

function labelsOfServer({ exchange, topic, server }: Target, process: string) {
  return { exchange: text(exchange), topic: text(topic), server: text(server), process };
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

function waitsIn({ register, prefix, buckets }: Place, name: string, help: string) {
  const definition = { name: prefix + name, help, labelNames: WAITS, registers: [register] };
  const histogram = new SeriesHistogram(definition, buckets);
  return new LabelSets<(typeof WAITS)[number], HistogramSeries>(MAX_LABEL_SETS, ['process'], (labels) =>
    histogram.series(labels),
  );
}

/** Returns the label of a value that may be missing, as oslo.metrics writes it. */
const text = (value: string | undefined): string => value ?? 'None';

/** Returns whole seconds, and shorter times with one digit. A deadline is a sum, and so not exact. */
const rounded = (milliseconds: number): number =>
  milliseconds < 1000 ? Number((milliseconds / 1000).toPrecision(1)) : Math.ceil(Math.round(milliseconds) / 1000);
