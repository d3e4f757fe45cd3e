import { register as defaultRegister, Registry } from 'prom-client';
import {
  ConfigurationError,
  checkNames,
  hasMethods,
  type Instrumentation,
  nameOf,
  type TransportHealth,
} from '../internal.js';
import { AttachedTransports } from './metrics/attached-transports.js';
import { OSLO_BUCKETS } from './metrics/invocations.js';
import { makeRoom, remember } from './metrics/registrations.js';
import { rpcMetrics } from './metrics/rpc-metrics.js';
import { FIRST, type MeasuredState, registerState } from './metrics/state-metrics.js';

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

/** Options of {@link prometheus}. */
export interface PrometheusOptions extends MetricsOptions {
  /** Value of the label `process`, as oslo.metrics' option `metrics_process_name`. @default '' */
  process?: string | undefined;
  /** Upper bounds of the buckets of durations, in seconds, in ascending order. @default those of oslo.metrics, from 0.01 to 100 */
  buckets?: readonly number[] | undefined;
  /** True to ask the broker at each scrape how many messages wait in each consumed queue. @default false */
  backlog?: boolean | undefined;
}

const OPTIONS: readonly (keyof PrometheusOptions)[] = ['register', 'prefix', 'process', 'buckets', 'backlog'];

const PREFIX = 'oslo_messaging_';

/**
 * Registers gauges of the state of transports, and one counter of their events. They are read at each scrape and cost
 * nothing in between. {@link prometheus} includes them.
 * @param measured transports, or an application with all of its transports
 * @returns a function that removes the metrics from the registry
 * @throws ConfigurationError for an unknown option, or where the registry has these metrics already
 */
export function collectMetrics(
  measured: MeasuredTransports | MeasuredApplication,
  options: MetricsOptions = {},
): () => void {
  checkNames(options, ['register', 'prefix'] satisfies (keyof MetricsOptions)[], 'metrics option');
  const { register = defaultRegister, prefix = PREFIX } = options;
  checkPlace('collectMetrics', register, prefix);
  if (typeof measured !== 'object' || measured === null)
    throw new ConfigurationError(
      `collectMetrics: expected OsloMessagingTransports, or an object with transports; got ${nameOf(measured)}`,
    );
  makeRoom(register, prefix, FIRST);
  return registerState(() => statesOf(measured), register, prefix);
}

/**
 * Returns an instrumentation that measures requests and notifications by the metrics of oslo.metrics, and the state of the
 * transports that have it. Make one for each registry, and give it to all transports.
 * @throws ConfigurationError for an unknown or ill-typed option, or where the registry has these metrics already
 */
export function prometheus(options: PrometheusOptions = {}): Instrumentation {
  checkNames(options, OPTIONS, 'option of prometheus()');
  const {
    register = defaultRegister,
    prefix = PREFIX,
    process = '',
    buckets = OSLO_BUCKETS,
    backlog = false,
  } = options;
  checkPlace('prometheus', register, prefix);
  if (typeof process !== 'string')
    throw new ConfigurationError(`prometheus: process: expected text; got ${String(process)}`);
  if (typeof backlog !== 'boolean')
    throw new ConfigurationError(`prometheus: backlog: expected true or false; got ${String(backlog)}`);
  if (!isAscending(buckets))
    throw new ConfigurationError('prometheus: buckets: expected an array of numbers in ascending order, in seconds');
  makeRoom(register, prefix, FIRST);
  const own = new Registry();
  const transports = new AttachedTransports();
  registerState(() => transports.measured(), own, prefix);
  transports.registerTimeouts(own, prefix);
  if (backlog) transports.registerBacklog(own, prefix);
  const measuring = rpcMetrics({ register: own, prefix, buckets }, process);
  const metrics = own.getMetricsAsArray().flatMap(({ name }) => {
    const metric = own.getSingleMetric(name);
    return metric ? [{ name, metric }] : [];
  });
  for (const { metric } of metrics) register.registerMetric(metric);
  remember(register, prefix, {
    isOver: () => transports.isOver,
    remove: () => {
      for (const { name, metric } of metrics) {
        if (register.getSingleMetric(name) === metric) register.removeSingleMetric(name);
      }
    },
  });
  return { transport: (transport) => transports.add(transport), ...measuring };
}

/** @throws ConfigurationError for what is no registry of prom-client, and for a prefix that is no beginning of a name */
function checkPlace(name: string, register: unknown, prefix: unknown): void {
  if (!hasMethods(register, ['registerMetric', 'getSingleMetric', 'removeSingleMetric']))
    throw new ConfigurationError(`${name}: register: expected a Registry of prom-client; got ${nameOf(register)}`);
  if (typeof prefix !== 'string' || !/^([a-z_:][\w:]*)?$/i.test(prefix))
    throw new ConfigurationError(
      `${name}: prefix: expected letters, digits and "_", not beginning with a digit; got ${typeof prefix === 'string' ? JSON.stringify(prefix) : nameOf(prefix)}`,
    );
}

function isAscending(buckets: unknown): boolean {
  return (
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > buckets[index - 1]))
  );
}

/** Returns health and labels. Only brokers with a name have the label `broker`. */
function statesOf(measured: MeasuredTransports | MeasuredApplication): MeasuredState[] {
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
