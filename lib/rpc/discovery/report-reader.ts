import { type Dict, isDict } from '../../core/dict.js';
import { stringifyJson } from '../../core/json.js';
import { DELIVERY_MODES, type DeliveryMode } from '../../core/options.js';
import { isVersion } from '../../core/version.js';
import type { OverloadState } from '../../drivers/driver.js';
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

/** Maximum number of interfaces, and of namespaces of one, that are read of a server. */
const MAX_APIS = 200;
/** Maximum number of methods that are read of a server, in all of its interfaces. */
const MAX_METHODS = 5000;
/** Maximum number of arguments that are read of a method. */
const MAX_ARGUMENTS = 200;
/** Maximum number of error classes that are read of a count. */
const MAX_CLASSES = 50;
/** Maximum length of a name, in characters. */
const MAX_NAME = 255;
/** Maximum length of the schemas of a method in JSON, in characters. */
const MAX_SCHEMA = 65_536;

const cut = (text: string): string => (text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text);
const textOf = (value: unknown): string => (typeof value === 'string' ? cut(value) : '');
const countOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const namespaceOf = (value: unknown): string | null => (typeof value === 'string' ? cut(value) : null);
const modeOf = (value: unknown): DeliveryMode => DELIVERY_MODES.find((mode) => mode === value) ?? 'at-most-once';
const listOf = (value: unknown, most: number): readonly unknown[] => (Array.isArray(value) ? value.slice(0, most) : []);

/** Returns the objects of an array, each read by a function; those that it does not know, and those beyond a number, are left out. */
function each<T>(value: unknown, most: number, read: (item: Dict) => T | undefined): T[] {
  return listOf(value, most)
    .filter(isDict)
    .flatMap((item) => read(item) ?? []);
}

/** Reads an answer to `oslo_rpc_server_info`; undefined for a value of another form. Later releases may add members. What is beyond the limits is cut. */
export function readServerInfo(value: unknown): ServerInfo | undefined {
  if (!isDict(value) || !isDict(value['library']) || !Array.isArray(value['apis'])) return undefined;
  const { library, apis, delivery, concurrency } = value;
  const { name, version, runtime } = library as Dict;
  const room = { methods: MAX_METHODS };
  return {
    ...readNames(value),
    library: { name: textOf(name), version: textOf(version), runtime: textOf(runtime) },
    delivery: modeOf(delivery),
    concurrency: countOf(concurrency),
    apis: each(apis, MAX_APIS, (api) => readApi(api, room)),
  };
}

/** @param room number of methods that may still be read of the server */
function readApi({ namespaces, version, methods }: Dict, room: { methods: number }): ApiInfo | undefined {
  if (!isVersion(version)) return undefined;
  const names = Array.isArray(namespaces) ? listOf(namespaces, MAX_APIS) : [null];
  const served = each(methods, room.methods, readMethod);
  room.methods -= served.length;
  return { namespaces: names.map(namespaceOf), version, methods: served };
}

function readMethod({ name, arguments: args, delivery, schema }: Dict): MethodInfo | undefined {
  if (typeof name !== 'string') return undefined;
  return {
    name: cut(name),
    arguments: Array.isArray(args) ? each(args, MAX_ARGUMENTS, readArgument) : null,
    delivery: modeOf(delivery),
    schema: isDict(schema) && stringifyJson(schema).length <= MAX_SCHEMA ? schema : null,
  };
}

function readArgument({ name, required }: Dict): ArgumentInfo | undefined {
  return typeof name === 'string' ? { name: cut(name), required: required !== false } : undefined;
}

/** Reads an answer to `oslo_rpc_server_stats`; undefined for a value of another form. */
export function readServerStats(value: unknown): ServerStats | undefined {
  if (!isDict(value) || !isDict(value['concurrency']) || !Array.isArray(value['methods'])) return undefined;
  const { concurrency, refused, overload, methods } = value;
  const { used, limit } = concurrency as Dict;
  return {
    ...readNames(value),
    concurrency: { used: countOf(used), limit: countOf(limit) },
    refused: readCounts(refused),
    ...(isDict(overload) && { overload: readOverload(overload) }),
    methods: each(methods, MAX_METHODS, readMethodStats),
  };
}

function readOverload({ refusing, refused }: Dict): OverloadState {
  return { refusing: refusing === true, refused: countOf(refused) };
}

function readMethodStats({ name, namespace, version, calls, errors, duration }: Dict): MethodStats | undefined {
  if (typeof name !== 'string' || !isVersion(version)) return undefined;
  return {
    name: cut(name),
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
  const counts = isDict(value) ? Object.entries(value).slice(0, MAX_CLASSES) : [];
  return Object.fromEntries(counts.map(([name, count]) => [cut(name), countOf(count)]));
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
