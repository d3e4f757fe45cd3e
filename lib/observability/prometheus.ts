import { Counter, register as defaultRegister, Gauge, type Registry } from 'prom-client';
import { checkNames, type DriverStatus, isServing, snakeCase, type TransportHealth } from '../internal.js';

/** Object with a health, such as a `Transport`. */
export interface HealthSource {
  /** Returns the current health. */
  health(): TransportHealth;
}

/** Transports to measure, such as `getRuntimeTransports()` returns. */
export interface MeasuredTransports {
  /** Transport for RPC. */
  readonly rpc?: HealthSource | undefined;
  /** Transport for notifications. */
  readonly notifications?: HealthSource | undefined;
}

/** Application with all of its transports: `OsloMessagingTransports` or a server's `transports`. */
export interface MeasuredApplication {
  /** Returns the health of each kind of transport of each broker. */
  measure(): readonly {
    readonly transport: string;
    readonly broker: string | undefined;
    readonly health: TransportHealth;
  }[];
}

/** Options of {@link collectMetrics}. */
export interface MetricsOptions {
  /** Registry of the metrics. @default prom-client's default registry */
  register?: Registry | undefined;
  /** Prefix of the names. @default 'oslo_messaging_' */
  prefix?: string | undefined;
}

/** Returns a value; undefined where there is nothing to measure. */
type Measure = (health: TransportHealth) => number | undefined;

const isUp = (status: DriverStatus): number | undefined => (status === 'idle' ? undefined : Number(isServing(status)));

const GAUGES: Readonly<Record<string, readonly [help: string, measure: Measure]>> = {
  up: [
    '1 while all that the transport needs is connected and attached, but perhaps a fanout stream',
    ({ status }) => isUp(status),
  ],
  publishing_up: ['1 while the connection to publish by is up and not blocked', ({ publishing }) => isUp(publishing)],
  consuming_up: ['1 while the connection to consume by is up', ({ consuming }) => isUp(consuming)],
  publishing_blocked: ['1 while the broker blocks publishing', ({ publishing }) => Number(publishing === 'blocked')],
  consumed_queues: ['Queues of servers and listeners', ({ consumers }) => consumers.length],
  attached_queues: [
    'Consumed queues that the broker delivers from',
    ({ consumers }) => consumers.filter(isAttached).length,
  ],
  pending_calls: ['Calls that wait for their reply', ({ pendingCalls }) => pendingCalls],
  pending_publishes: ['Messages that the broker has not confirmed', ({ pendingPublishes }) => pendingPublishes],
  pending_publish_bytes: [
    'Bytes of the messages that the broker has not confirmed',
    ({ pendingPublishBytes }) => pendingPublishBytes,
  ],
  queued_messages: ['Messages that wait in the queues of memory://', ({ queuedMessages }) => queuedMessages],
  queued_bytes: [
    'Approximate bytes of the messages that wait in the queues of memory://',
    ({ queuedBytes }) => queuedBytes,
  ],
  in_work: ['Requests and notifications in work', ({ inWork }) => inWork],
};

const EVENTS = 'events_total';

/**
 * Registers gauges of the state of transports, and one counter of their events. They are read at each scrape and cost
 * nothing in between.
 * @param measured transports, or an application with all of its transports
 * @returns a function that removes the metrics from the registry
 * @throws ConfigurationError for an unknown option
 */
export function collectMetrics(
  measured: MeasuredTransports | MeasuredApplication,
  options: MetricsOptions = {},
): () => void {
  checkNames(options, ['register', 'prefix'] satisfies (keyof MetricsOptions)[], 'metrics option');
  const { register = defaultRegister, prefix = 'oslo_messaging_' } = options;
  for (const [name, [help, measure]] of Object.entries(GAUGES)) {
    new Gauge({
      name: prefix + name,
      help,
      labelNames: ['transport', 'broker'],
      registers: [register],
      collect() {
        this.reset();
        for (const { labels, health } of healthsOf(measured)) {
          const value = measure(health);
          if (value !== undefined) this.set(labels, value);
        }
      },
    });
  }
  new Counter({
    name: prefix + EVENTS,
    help: 'Events by kind: refusals, duplicates, drops, lost connections',
    labelNames: ['transport', 'broker', 'event'],
    registers: [register],
    collect() {
      // The transport holds the totals; this counter only shows them.
      this.reset();
      for (const { labels, health } of healthsOf(measured)) {
        for (const [event, count] of Object.entries(health.counts))
          this.inc({ ...labels, event: snakeCase(event) }, count);
      }
    },
  });
  return () => {
    for (const name of [...Object.keys(GAUGES), EVENTS]) register.removeSingleMetric(prefix + name);
  };
}

/** Returns health and labels. Only brokers with a name have the label `broker`. */
function healthsOf(measured: MeasuredTransports | MeasuredApplication) {
  if ('measure' in measured) {
    return measured.measure().map(({ transport, broker, health }) => ({
      labels: { transport, ...(broker !== undefined && { broker }) },
      health,
    }));
  }
  const { rpc, notifications } = measured;
  return Object.entries({ rpc, notifications }).flatMap(([transport, source]) =>
    source ? [{ labels: { transport }, health: source.health() }] : [],
  );
}

const isAttached = ({ attached }: TransportHealth['consumers'][number]): boolean => attached;
