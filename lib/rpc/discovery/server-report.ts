import type { DeliveryMode } from '../../core/options.js';
import type { OverloadState } from '../../drivers/driver.js';
import type { MethodCounts } from './call-statistics.js';

/** Names and library of a server that answers discovery. */
export interface DiscoveredServer {
  /** Name of the server on its topic. */
  readonly server: string;
  /** Topic that is served. */
  readonly topic: string;
  /** Exchange of the topic. */
  readonly exchange: string;
  /** Name of the machine. */
  readonly host: string;
  /** Time of the start, in ISO 8601. */
  readonly since: string;
}

/** Answer of a server to `oslo_rpc_server_info`. */
export interface ServerInfo extends DiscoveredServer {
  /** Library of the server. */
  readonly library: {
    /** Its name, `nestjs-oslo-messaging` here. */
    readonly name: string;
    /** Its version. */
    readonly version: string;
    /** Its runtime, such as `Node.js 22.11.0`. */
    readonly runtime: string;
  };
  /** Delivery mode of methods that have no other. */
  readonly delivery: DeliveryMode;
  /** Maximum number of requests in work. */
  readonly concurrency: number;
  /** Interfaces of the server: one for each version in a set of namespaces. */
  readonly apis: readonly ApiInfo[];
}

/** Methods of a server in one version of some namespaces. */
export interface ApiInfo {
  /** Namespaces that are answered, the own one first; null is the null namespace. */
  readonly namespaces: readonly (string | null)[];
  /** Version that is implemented. */
  readonly version: string;
  /** Methods, in the order of the endpoints. */
  readonly methods: readonly MethodInfo[];
}

/** Method of a server. */
export interface MethodInfo {
  /** Name for callers. */
  readonly name: string;
  /** Arguments; null where their names are not known, because the method takes them as one object. */
  readonly arguments: readonly ArgumentInfo[] | null;
  /** Delivery mode. */
  readonly delivery: DeliveryMode;
  /** JSON Schemas of arguments and result; null where there is no contract with schemas. */
  readonly schema: { readonly args?: unknown; readonly result?: unknown } | null;
}

/** Argument of a method. */
export interface ArgumentInfo {
  /** Name. */
  readonly name: string;
  /** False for an optional one. */
  readonly required: boolean;
}

/** Answer of a server to `oslo_rpc_server_stats`. Its counts begin with the start of the server. */
export interface ServerStats extends DiscoveredServer {
  /** Requests in work, without pings and questions of discovery, and their maximum. */
  readonly concurrency: {
    /** Requests in work. */
    readonly used: number;
    /** Maximum number of requests in work. */
    readonly limit: number;
  };
  /** Numbers of requests that no method answers, by the class of the error. */
  readonly refused: Readonly<Record<string, number>>;
  /** Overload of a server with `loadShedding`. Undefined for others, and for those of releases before 0.3.0. */
  readonly overload?: OverloadState | undefined;
  /** Counts of each method. */
  readonly methods: readonly MethodStats[];
}

/** Counts of one method. */
export interface MethodStats extends MethodCounts {
  /** Name for callers. */
  readonly name: string;
  /** Own namespace; null for the null namespace. */
  readonly namespace: string | null;
  /** Version that is implemented. */
  readonly version: string;
}
