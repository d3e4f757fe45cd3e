import { Counter, register as defaultRegister, Gauge, type Registry } from 'prom-client';
import type { DriverStatus, TransportHealth } from '../internal.js';
import { checkNames } from '../internal.js';

/** Anything that knows its health: a `Transport`. */
export interface HealthSource {
  health(): TransportHealth;
}

/** Transports by these names. */
export interface MeasuredTransports {
  readonly rpc?: HealthSource | undefined;
  readonly notifications?: HealthSource | undefined;
}

/** An application that knows all of its transports: `OsloMessagingTransports` or a server's `transports`. */
export interface MeasuredApplication {
  measure(): readonly {
    readonly transport: string;
    readonly broker: string | undefined;
    readonly health: TransportHealth;
  }[];
}

export interface MetricsOptions {
  /** Where the metrics go. @default prom-client's own */
  register?: Registry | undefined;
  /** What their names begin with. @default 'oslo_messaging_' */
  prefix?: string | undefined;
}

/** Undefined where there is nothing to measure. */
type Measure = (health: TransportHealth) => number | undefined;

const isUp = (status: DriverStatus): number | undefined =>
  status === 'idle' ? undefined : Number(status === 'connected');

const GAUGES: Readonly<Record<string, readonly [help: string, measure: Measure]>> = {
  up: ['1 while all that the transport needs is connected and attached', ({ status }) => isUp(status)],
  publishing_up: ['1 while the connection to publish by is up and not blocked', ({ publishing }) => isUp(publishing)],
  consuming_up: ['1 while the connection to consume by is up', ({ consuming }) => isUp(consuming)],
  publishing_blocked: ['1 while the broker blocks publishing', ({ publishing }) => Number(publishing === 'blocked')],
  consumed_queues: ['Queues of servers and listeners', ({ consumers }) => consumers.length],
  attached_queues: ['Those that the broker delivers from', ({ consumers }) => consumers.filter(isAttached).length],
  pending_calls: ['Calls that wait for their reply', ({ pendingCalls }) => pendingCalls],
  pending_publishes: ['Messages that the broker has not confirmed', ({ pendingPublishes }) => pendingPublishes],
  pending_publish_bytes: ['Bytes of these messages', ({ pendingPublishBytes }) => pendingPublishBytes],
  queued_messages: ['Messages that wait in the queues of memory://', ({ queuedMessages }) => queuedMessages],
  queued_bytes: ['Bytes of these messages, about', ({ queuedBytes }) => queuedBytes],
  in_work: ['Requests and notifications in work', ({ inWork }) => inWork],
};

const EVENTS = 'events_total';

/**
 * Registers gauges of how the transports are, and one counter of what they counted, by kind of event. They are read
 * when somebody scrapes them; until then they cost nothing.
 * @returns what takes them out of the register again
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
    help: 'What happened, by kind: refusals, duplicates, drops, lost connections',
    labelNames: ['transport', 'broker', 'event'],
    registers: [register],
    collect() {
      // The transport counts; this only shows its sums.
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

/** The label `broker` is there for brokers with a name only. */
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

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
