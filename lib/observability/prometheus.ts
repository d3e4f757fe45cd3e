import { Counter, register as defaultRegister, Gauge, type Registry } from 'prom-client';
import type { DriverStatus, TransportHealth } from '../core/health.js';
import { checkNames } from '../core/option-rules.js';

/** Anything that knows its health: a `Transport`. */
export interface HealthSource {
  health(): TransportHealth;
}

/** What to measure: `OsloMessagingTransports` of the Nest module, or transports by these names. */
export interface MeasuredTransports {
  readonly rpc?: HealthSource | undefined;
  readonly notifications?: HealthSource | undefined;
}

export interface MetricsOptions {
  /** Where the metrics go. @default prom-client's own */
  register?: Registry | undefined;
  /** What their names begin with. @default 'oslo_messaging_' */
  prefix?: string | undefined;
}

/** Undefined where there is nothing to measure. */
type Measure = (health: TransportHealth) => number | undefined;

const isUp = (status: DriverStatus): number => (status === 'connected' ? 1 : 0);

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
export function collectMetrics(transports: MeasuredTransports, options: MetricsOptions = {}): () => void {
  checkNames(options, ['register', 'prefix'] satisfies (keyof MetricsOptions)[], 'metrics option');
  const { register = defaultRegister, prefix = 'oslo_messaging_' } = options;
  const { rpc, notifications } = transports;
  const sources = Object.entries({ rpc, notifications });
  const healths = () =>
    sources.flatMap(([transport, source]) => (source ? [[transport, source.health()] as const] : []));
  for (const [name, [help, measure]] of Object.entries(GAUGES)) {
    new Gauge({
      name: prefix + name,
      help,
      labelNames: ['transport'],
      registers: [register],
      collect() {
        for (const [transport, health] of healths()) {
          const value = measure(health);
          if (value !== undefined) this.set({ transport }, value);
        }
      },
    });
  }
  new Counter({
    name: prefix + EVENTS,
    help: 'What happened, by kind: refusals, duplicates, drops, lost connections',
    labelNames: ['transport', 'event'],
    registers: [register],
    collect() {
      // The transport counts; this only shows its sums.
      this.reset();
      for (const [transport, { counts }] of healths()) {
        for (const [event, count] of Object.entries(counts)) this.inc({ transport, event: snakeCase(event) }, count);
      }
    },
  });
  return () => {
    for (const name of [...Object.keys(GAUGES), EVENTS]) register.removeSingleMetric(prefix + name);
  };
}

const isAttached = ({ attached }: TransportHealth['consumers'][number]): boolean => attached;

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
