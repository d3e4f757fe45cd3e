import { type Dict, isDict } from '../../core/dict.js';
import { DELIVERY_MODES, type DeliveryMode } from '../../core/options.js';
import { isVersion } from '../../core/version.js';
import type { DurationStats } from './call-statistics.js';
import type {
  ApiInfo,
  ArgumentInfo,
  DiscoveredServer,
  MethodInfo,
  MethodStats,
  ServerInfo,
  ServerStats,
} from './server-report.js';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const countOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const namespaceOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const modeOf = (value: unknown): DeliveryMode => DELIVERY_MODES.find((mode) => mode === value) ?? 'at-most-once';

/** Returns the objects of an array, each read by a function; those that it does not know are left out. */
function each<T>(value: unknown, read: (item: Dict) => T | undefined): T[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.filter(isDict).flatMap((item) => read(item) ?? []);
}

/** Reads an answer to `oslo_rpc_server_info`; undefined for a value of another form. Later releases may add members. */
export function readServerInfo(value: unknown): ServerInfo | undefined {
  if (!isDict(value) || !isDict(value['library']) || !Array.isArray(value['apis'])) return undefined;
  const { library, apis, delivery, concurrency } = value;
  const { name, version, runtime } = library as Dict;
  return {
    ...readNames(value),
    library: { name: textOf(name), version: textOf(version), runtime: textOf(runtime) },
    delivery: modeOf(delivery),
    concurrency: countOf(concurrency),
    apis: each(apis, readApi),
  };
}

function readApi({ namespaces, version, methods }: Dict): ApiInfo | undefined {
  if (!isVersion(version)) return undefined;
  const names: readonly unknown[] = Array.isArray(namespaces) ? namespaces : [null];
  return { namespaces: names.map(namespaceOf), version, methods: each(methods, readMethod) };
}

function readMethod({ name, arguments: args, delivery, schema }: Dict): MethodInfo | undefined {
  if (typeof name !== 'string') return undefined;
  return {
    name,
    arguments: Array.isArray(args) ? each(args, readArgument) : null,
    delivery: modeOf(delivery),
    schema: isDict(schema) ? schema : null,
  };
}

function readArgument({ name, required }: Dict): ArgumentInfo | undefined {
  return typeof name === 'string' ? { name, required: required !== false } : undefined;
}

/** Reads an answer to `oslo_rpc_server_stats`; undefined for a value of another form. */
export function readServerStats(value: unknown): ServerStats | undefined {
  if (!isDict(value) || !isDict(value['concurrency']) || !Array.isArray(value['methods'])) return undefined;
  const { concurrency, refused, methods } = value;
  const { used, limit } = concurrency as Dict;
  return {
    ...readNames(value),
    concurrency: { used: countOf(used), limit: countOf(limit) },
    refused: readCounts(refused),
    methods: each(methods, readMethodStats),
  };
}

function readMethodStats({ name, namespace, version, calls, errors, duration }: Dict): MethodStats | undefined {
  if (typeof name !== 'string' || !isVersion(version)) return undefined;
  return {
    name,
    namespace: namespaceOf(namespace),
    version,
    calls: countOf(calls),
    errors: readCounts(errors),
    duration: isDict(duration) ? readDuration(duration) : null,
  };
}

function readDuration({ mean, p50, p95, p99, max }: Dict): DurationStats {
  return { mean: countOf(mean), p50: countOf(p50), p95: countOf(p95), p99: countOf(p99), max: countOf(max) };
}

function readCounts(value: unknown): Record<string, number> {
  const counts = isDict(value) ? Object.entries(value) : [];
  return Object.fromEntries(counts.map(([name, count]) => [name, countOf(count)]));
}

function readNames({ server, topic, exchange, host, since }: Dict): DiscoveredServer {
  return {
    server: textOf(server),
    topic: textOf(topic),
    exchange: textOf(exchange),
    host: textOf(host),
    since: textOf(since),
  };
}
