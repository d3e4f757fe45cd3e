import { hostname } from 'node:os';
import { isDict } from '../../core/dict.js';
import { LIBRARY_VERSION } from '../../core/library-version.js';
import type { Settings } from '../../core/settings.js';
import { Target } from '../../core/target.js';
import type { OverloadState } from '../../drivers/driver.js';
import type { NamedArgument } from '../argument-check.js';
import { DEFAULT_VERSION, type MethodEntry, type MethodTable, type ServedMethod } from '../method-table.js';
import { CallStatistics } from './call-statistics.js';
import type { ApiInfo, DiscoveredServer, MethodInfo, ServerInfo, ServerStats } from './server-report.js';

/** Name of the method that describes a server. */
export const INFO_METHOD = 'oslo_rpc_server_info';
/** Name of the method that returns the statistics of a server. */
export const STATS_METHOD = 'oslo_rpc_server_stats';

type Described = Pick<Settings, 'concurrency' | 'controlExchange' | 'delivery' | 'rpcDiscoveryEnabled'>;

/**
 * Adds the methods of discovery where `rpcDiscoveryEnabled` is set, unless an endpoint has a method of that name. They
 * describe the table and the given names, nothing else: no URL, no context, no argument of a request.
 * @param overload returns the state of the overload; undefined for a server that refuses no calls by it
 * @returns the statistics to keep; undefined where discovery is off
 */
export function addDiscovery(
  table: MethodTable,
  target: Target,
  settings: Described,
  overload: () => OverloadState | undefined = () => undefined,
): CallStatistics | undefined {
  if (!settings.rpcDiscoveryEnabled) return undefined;
  const statistics = new CallStatistics();
  const names = namesOf(target, settings);
  const answers = {
    [INFO_METHOD]: () => infoOf(table, names, settings),
    [STATS_METHOD]: () => statsOf(table, names, settings, statistics, overload()),
  };
  for (const [method, handle] of Object.entries(answers)) {
    if (table.has(method)) continue;
    table.add(new Target(), method, {
      handler: 'the discovery of rpcDiscoveryEnabled',
      isBuiltIn: true,
      expected: [],
      handle,
    });
  }
  return statistics;
}

function namesOf({ server = '', topic = '', exchange }: Target, { controlExchange }: Described): DiscoveredServer {
  return { server, topic, exchange: exchange ?? controlExchange, host: hostname(), since: new Date().toISOString() };
}

function infoOf(table: MethodTable, names: DiscoveredServer, { delivery, concurrency }: Described): ServerInfo {
  const runtime = `Node.js ${process.versions.node}`;
  return {
    ...names,
    library: { name: 'nestjs-oslo-messaging', version: LIBRARY_VERSION, runtime },
    delivery,
    concurrency,
    apis: apisOf(table, delivery),
  };
}

/** Groups the methods by the namespaces and version that they are served in. */
function apisOf(table: MethodTable, usual: Settings['delivery']): ApiInfo[] {
  const apis = new Map<string, ApiInfo & { methods: MethodInfo[] }>();
  for (const { target, method, entry } of table.methods()) {
    const namespaces = target.acceptedNamespaces.map((namespace) => namespace ?? null);
    const version = target.version ?? DEFAULT_VERSION;
    const key = JSON.stringify([version, namespaces]);
    const api = apis.get(key) ?? { namespaces, version, methods: [] };
    apis.set(key, api);
    const { delivery = usual, schema = null } = entry;
    // An earlier endpoint of the same version answers instead.
    if (!api.methods.some(({ name }) => name === method))
      api.methods.push({ name: method, arguments: argumentsOf(entry), delivery, schema });
  }
  return [...apis.values()];
}

/** Returns the arguments of a method: of its JSON Schema, which knows defaults, else of its parameters; null where they are not known. */
function argumentsOf({ parameters, schema }: MethodEntry): readonly NamedArgument[] | null {
  const { properties, required } = isDict(schema?.args) ? schema.args : {};
  if (!isDict(properties)) return parameters ?? null;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.keys(properties).map((name) => ({ name, required: needed.includes(name) }));
}

function statsOf(
  table: MethodTable,
  names: DiscoveredServer,
  { concurrency: limit }: Described,
  statistics: CallStatistics,
  overload: OverloadState | undefined,
): ServerStats {
  return {
    ...names,
    concurrency: { used: statistics.used, limit },
    refused: statistics.refused,
    ...(overload && { overload }),
    methods: [...table.methods()].map((served) => ({ ...nameOf(served), ...statistics.read(served.entry) })),
  };
}

function nameOf({ method: name, target: { namespace, version = DEFAULT_VERSION } }: ServedMethod) {
  return { name, namespace: namespace ?? null, version };
}
