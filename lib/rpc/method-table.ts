import { ConfigurationError, NoSuchMethod, UnsupportedVersion } from '../core/errors.js';
import type { DeliveryMode } from '../core/options.js';
import type { RpcRequest } from '../core/rpc-message.js';
import { Target } from '../core/target.js';
import { compareVersions, versionIsCompatible } from '../core/version.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { type RequestScope } from '../messaging/current-request.js';
import { type ErrorConstructorLike } from './access-policy.js';
import type { NamedArgument } from './argument-check.js';

/** Version of a target or request that names none. */
export const DEFAULT_VERSION = '1.0';

/** Handler of one method. */
export interface MethodEntry {
  /** Name of the handler in errors. */
  readonly handler?: string | undefined;
  /** True for a method that the library answers itself, such as the ping. */
  readonly isBuiltIn?: boolean | undefined;
  readonly expected: readonly ErrorConstructorLike[];
  /** Delivery mode, where it differs from the server's. */
  readonly delivery?: DeliveryMode | undefined;
  /** Arguments, where all of them are known by name. */
  readonly parameters?: readonly NamedArgument[] | undefined;
  /** JSON Schemas of arguments and result, where a contract has them. */
  readonly schema?: MethodSchema | undefined;
  /** Makes the scope of a request for what runs around the handler. Absent where the handler makes its own. */
  scopeOf?(message: IncomingRequest): RequestScope;
  /**
   * Runs the handler.
   * @param listening exchange, topic and server that are listened on
   * @param scope scope that `scopeOf` has made. Default: one of its own
   */
  handle(message: IncomingRequest, listening: Target, scope?: RequestScope): unknown;
  /** Returns the deserialized request context, for the log line about a failure. */
  readContext?(request: RpcRequest): unknown;
}

/** JSON Schemas of a method. */
export interface MethodSchema {
  /** Schema of the object of all arguments. */
  readonly args?: unknown;
  /** Schema of the result. */
  readonly result?: unknown;
}

/** Parts of a request that choose its entry. */
type Invoked = Pick<RpcRequest, 'namespace' | 'version' | 'method'>;

/** Method of an endpoint. */
export interface Handler {
  /** Namespaces and version of the endpoint. */
  readonly target: Target;
  readonly entry: MethodEntry;
}

/** Method of a table, with the namespaces and the version that it is served in. */
export interface ServedMethod extends Handler {
  readonly method: string;
}

/** A handler that never runs, since another answers every request for it. */
export interface HiddenHandler {
  readonly method: string;
  /** Name and version of the handler that never runs. */
  readonly hidden: string;
  /** Name and version of the handler that answers instead. */
  readonly by: string;
  /** True where both have one version, so that no order would make both run. */
  readonly sameVersion: boolean;
}

/** Methods that a server answers, by namespace, version and name. Nothing from the wire indexes an object. */
export class MethodTable {
  private readonly targets: Target[] = [];
  private readonly handlers = new Map<string, Handler[]>();

  /** Adds namespaces and a version without a method. A request for them is then answered with `NoSuchMethod`. */
  addTarget(target: Target): void {
    if (!this.targets.some((other) => isSame(other, target))) this.targets.push(target);
  }

  /** Adds a method. @throws ConfigurationError when the version already has the method in one of the namespaces */
  add(target: Target, method: string, entry: MethodEntry): void {
    const rival = this.handlers.get(method)?.find((handler) => clashes(handler.target, target));
    if (rival) throw conflict(method, target, rival, entry);
    this.append(target, method, entry);
  }

  /** Adds a method after earlier ones for the same requests. The first method wins, as in Python. */
  append(target: Target, method: string, entry: MethodEntry): void {
    this.addTarget(target);
    const handlers = this.handlers.get(method) ?? [];
    handlers.push({ target, entry });
    this.handlers.set(method, handlers);
  }

  /** Returns the handlers that never run, in order of addition. */
  hidden(): HiddenHandler[] {
    return [...this.handlers].flatMap(([method, handlers]) =>
      handlers.flatMap((handler, index) => {
        const by = handlers.slice(0, index).find((earlier) => covers(earlier.target, handler.target));
        if (!by) return [];
        const sameVersion = versionOf(by.target) === versionOf(handler.target);
        return [{ method, hidden: described(handler), by: described(by), sameVersion }];
      }),
    );
  }

  /** Returns the first handler that answers a request, in order of addition; undefined when none does. */
  find({ namespace, version, method }: Invoked): Handler | undefined {
    for (const handler of this.handlers.get(method) ?? []) {
      if (serves(handler.target, namespace, version)) return handler;
    }
    return undefined;
  }

  /** Returns the entry of the handler that answers a request; undefined when none does. */
  lookup(invoked: Invoked): MethodEntry | undefined {
    return this.find(invoked)?.entry;
  }

  /** Returns the error for a request that no entry answers. */
  refusalOf({ namespace, version, method }: Invoked): NoSuchMethod | UnsupportedVersion {
    return this.targets.some((target) => serves(target, namespace, version))
      ? new NoSuchMethod(method)
      : new UnsupportedVersion(version ?? DEFAULT_VERSION, method);
  }

  /** Returns the delivery mode of a request. @param usual mode of a method that names none, and of an unknown one */
  deliveryOf({ namespace, version, method }: RpcRequest, usual: DeliveryMode): DeliveryMode {
    const handlers = this.handlers.get(method);
    if (!handlers?.some(({ entry }) => entry.delivery)) return usual;
    return handlers.find(({ target }) => serves(target, namespace, version))?.entry.delivery ?? usual;
  }

  /** Returns true where any method has the delivery mode. @param usual mode of methods that name none */
  delivers(mode: DeliveryMode, usual: DeliveryMode): boolean {
    return mode === usual || [...this.handlers.values()].flat().some(({ entry }) => entry.delivery === mode);
  }

  /** Yields the methods of endpoints, in order of addition; without those that the library answers itself. */
  *methods(): Generator<ServedMethod> {
    for (const [method, handlers] of this.handlers)
      for (const handler of handlers) if (!handler.entry.isBuiltIn) yield { method, ...handler };
  }

  /** True without any method of an endpoint. */
  get isEmpty(): boolean {
    return this.methods().next().done === true;
  }

  /** Returns true for a request that the library answers itself, or refuses because that is off. */
  isBuiltIn(request: Invoked): boolean {
    return request.method.startsWith(BUILT_IN) && (this.lookup(request)?.isBuiltIn ?? true);
  }

  /** Returns true where any namespace or version has the method. */
  has(method: string): boolean {
    return this.handlers.has(method);
  }
}

const versionOf = ({ version = DEFAULT_VERSION }: Target): string => version;

const described = ({ target, entry }: Handler): string =>
  `${entry.handler ?? 'an unnamed handler'} (version ${versionOf(target)})`;

/** Returns true where a handler serves every request that another one does. */
function covers(earlier: Target, later: Target): boolean {
  return later.acceptedNamespaces.every((namespace) => serves(earlier, namespace, versionOf(later)));
}

function isSame(one: Target, other: Target): boolean {
  const key = (target: Target) => JSON.stringify([versionOf(target), ...target.acceptedNamespaces]);
  return key(one) === key(other);
}

/** Returns true for targets with the same version and a common namespace. */
function clashes(one: Target, other: Target): boolean {
  return compareVersions(versionOf(one), versionOf(other)) === 0 && commonNamespaces(one, other).length > 0;
}

function commonNamespaces(one: Target, other: Target): (string | undefined)[] {
  return one.acceptedNamespaces.filter((namespace) => other.acceptedNamespaces.includes(namespace));
}

function conflict(method: string, target: Target, rival: Handler, entry: MethodEntry): ConfigurationError {
  const [namespace = '(null)'] = commonNamespaces(rival.target, target);
  const where = `namespace ${namespace}, version ${versionOf(target)}`;
  const names = [rival.entry.handler, entry.handler].map((name) => name ?? 'an unnamed handler').join(' and ');
  return new ConfigurationError(
    `The RPC method "${method}" has two handlers in ${where}: ${names}. Rename one of them, or give it another namespace or version`,
    { target, method },
  );
}

function serves(target: Target, namespace: string | undefined, version: string | undefined): boolean {
  return target.acceptedNamespaces.includes(namespace) && isCompatible(target.version, version);
}

function isCompatible(implemented = DEFAULT_VERSION, requested = DEFAULT_VERSION): boolean {
  try {
    return requested === implemented || versionIsCompatible(implemented, requested);
  } catch {
    return false;
  }
}

/** Handler of the ping, which every server can answer. Source: oslo_messaging.rpc.dispatcher.PingEndpoint. */
export const PING: MethodEntry = {
  handler: 'the ping of rpcPingEnabled',
  isBuiltIn: true,
  expected: [],
  handle: () => 'pong',
};
/** Beginning of the names of the methods that the library answers itself. */
export const BUILT_IN = 'oslo_rpc_server_';
/** Method name of the ping. */
export const PING_METHOD = 'oslo_rpc_server_ping';
