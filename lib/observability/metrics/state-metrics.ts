import { Counter, Gauge, type Registry } from 'prom-client';
import { type DriverStatus, isServing, snakeCase, type TransportHealth } from '../../internal.js';

/** Health of transports, and the labels of their metrics. */
export interface MeasuredState {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: TransportHealth;
}

/** Returns a value; undefined where there is nothing to measure. */
type Measure = (health: TransportHealth) => number | undefined;

const isUp = (status: DriverStatus): number | undefined => (status === 'idle' ? undefined : Number(isServing(status)));
const isAttached = ({ attached }: TransportHealth['consumers'][number]): boolean => attached;

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
  slots: ['Requests and notifications that can be in work at the same time', ({ slots }) => slots],
  waiting_for_slot: [
    'Requests and notifications that wait here for a free slot',
    ({ waitingForSlot }) => waitingForSlot,
  ],
};

/** Counters that the transports hold, besides their events. */
const TOTALS: Readonly<Record<string, readonly [help: string, measure: Measure]>> = {
  publishing_blocked_seconds_total: [
    'Time for which the broker blocked publishing',
    ({ blockedSeconds }) => blockedSeconds,
  ],
};

const EVENTS = 'events_total';

/** Name of the metric by which the others are known to be registered. */
export const FIRST = 'up';

/**
 * Registers the metrics of the state of transports. They are read at each scrape and cost nothing in between.
 * @returns a function that removes the metrics from the registry
 */
export function registerState(
  measured: () => readonly MeasuredState[],
  register: Registry,
  prefix: string,
): () => void {
  const common = { labelNames: ['transport', 'broker'], registers: [register] };
  for (const [name, [help, measure]] of Object.entries(GAUGES)) {
    new Gauge({
      ...common,
      name: prefix + name,
      help,
      collect() {
        this.reset();
        for (const { labels, health } of measured()) {
          const value = measure(health);
          if (value !== undefined) this.set(labels, value);
        }
      },
    });
  }
  // The transports hold the totals; the counters only show them.
  for (const [name, [help, measure]] of Object.entries(TOTALS)) {
    new Counter({
      ...common,
      name: prefix + name,
      help,
      collect() {
        this.reset();
        for (const { labels, health } of measured()) this.inc(labels, measure(health) ?? 0);
      },
    });
  }
  new Counter({
    ...common,
    name: prefix + EVENTS,
    help: 'Events by kind: refusals, duplicates, drops, lost connections',
    labelNames: ['transport', 'broker', 'event'],
    collect() {
      this.reset();
      for (const { labels, health } of measured()) {
        for (const [event, count] of Object.entries(health.counts))
          this.inc({ ...labels, event: snakeCase(event) }, count);
      }
    },
  });
  return () => {
    for (const name of [...Object.keys(GAUGES), ...Object.keys(TOTALS), EVENTS])
      register.removeSingleMetric(prefix + name);
  };
}
