import type { AccessPolicy } from '../core/access-policy.js';
import { aroundOf } from '../core/chain.js';
import { ConfigurationError, InvalidTarget } from '../core/errors.js';
import { checkNames } from '../core/option-rules.js';
import type { RpcRequest } from '../core/rpc-message.js';
import { checkedSerializer } from '../core/serializer.js';
import { sharedClass } from '../core/shared.js';
import { Target } from '../core/target.js';
import type { Listener, OverloadState } from '../drivers/driver.js';
import { checkEndpoints } from '../messaging/endpoints.js';
import { MessageHandlingServer } from '../messaging/message-handling-server.js';
import { NoOpSerializer, type Serializer } from '../messaging/serializer.js';
import { assertTransport, type Transport } from '../messaging/transport.js';
import { DefaultRPCAccessPolicy, RPCAccessPolicyBase } from './access-policy.js';
import type { CallStatistics } from './discovery/call-statistics.js';
import { addDiscovery } from './discovery/discovery-methods.js';
import { dispatch } from './dispatcher.js';
import { BUILT_IN, type HiddenHandler, MethodTable, PING, PING_METHOD } from './method-table.js';
import { addEndpoint, type Endpoint } from './plain-endpoint.js';

/** Options of {@link getRpcServer}. */
export interface ServerOptions {
  /** Serializer of request context, arguments and results. @default NoOpSerializer */
  serializer?: Serializer | undefined;
  /** Decides which methods of the endpoints can be called. @default the `accessPolicy` option, else DefaultRPCAccessPolicy */
  accessPolicy?: AccessPolicy | undefined;
}

/** Adds the ping where `rpcPingEnabled` is set, unless an endpoint has a method of that name. */
export function addPing(table: MethodTable, transport: Transport): void {
  if (transport.settings.rpcPingEnabled && !table.has(PING_METHOD)) table.add(new Target(), PING_METHOD, PING);
}

/** Server that answers the requests of one topic. Source: oslo_messaging.RPCServer. */
@sharedClass('RPCServer')
export class RPCServer extends MessageHandlingServer {
  /** Undefined where discovery is off. */
  private readonly statistics: CallStatistics | undefined;
  /** Reads the overload, once the server consumes. */
  private readOverload: () => OverloadState | undefined = () => undefined;

  /** @internal */
  constructor(
    transport: Transport,
    /** Exchange, topic and server name that are listened on. */
    readonly target: Target,
    private readonly table: MethodTable,
    /** Advice in the warning that no method is exposed. */
    private readonly advice = 'Check the endpoints of the server, and its access policy',
  ) {
    super(transport);
    this.statistics = addDiscovery(table, target, transport.settings, () => this.readOverload());
  }

  /** @internal */
  protected override async listen(signal: AbortSignal): Promise<Listener> {
    const { settings, driver, broker, observer } = this.transport;
    const { delivery } = settings;
    if (this.table.isEmpty)
      settings.logger.warn(`No method is exposed on ${this.target}: all requests will fail. ${this.advice}`);
    for (const handler of this.table.hidden()) settings.logger.warn(warningOf(handler));
    const { table, target, statistics } = this;
    const { logger, sendTracebacks, instrumentation } = settings;
    const around = aroundOf(instrumentation.map(({ server }) => server));
    const dispatching = { table, target, around, observer, statistics, broker, logger, sendTracebacks };
    const acknowledgeAfterReply = (request: RpcRequest) => this.table.deliveryOf(request, delivery) === 'at-least-once';
    const listener = await driver.listen(
      this.target,
      settings.concurrency,
      (message) => dispatch(message, dispatching),
      this.table.delivers('at-least-once', delivery) ? acknowledgeAfterReply : undefined,
      signal,
      { marker: BUILT_IN, selects: (request) => table.isBuiltIn(request) },
    );
    this.readOverload = () => listener.overload;
    return listener;
  }
}

function warningOf({ method, hidden, by, sameVersion }: HiddenHandler): string {
  const cure = sameVersion
    ? 'Rename one of the methods, or give its endpoint another namespace or version'
    : 'List the endpoint of the lower version first, or remove its method';
  return `RPC method "${method}": ${hidden} never runs, because ${by} comes before it and answers every request for it. ${cure}`;
}

/**
 * Makes a server of plain endpoints. It consumes after `start()`. Source: oslo_messaging.get_rpc_server.
 * @param target target with `topic` and `server`
 * @param endpoints objects whose methods are exposed. The first that can answer a request does
 * @throws InvalidTarget for a target without topic or server, ConfigurationError for an unknown or ill-typed option or endpoint
 */
export function getRpcServer(
  transport: Transport,
  target: Target,
  endpoints: readonly Endpoint[],
  options: ServerOptions = {},
): RPCServer {
  assertTransport(transport);
  checkNames(options, ['serializer', 'accessPolicy'] satisfies (keyof ServerOptions)[], 'server option');
  if (!target.topic || !target.server)
    throw new InvalidTarget(`A server's target must have topic and server names specified: ${target}`, { target });
  const policy = makePolicy(options.accessPolicy ?? transport.settings.accessPolicy);
  const serializer = checkedSerializer(options.serializer) ?? new NoOpSerializer();
  const table = new MethodTable();
  checkEndpoints(endpoints);
  for (const endpoint of endpoints) addEndpoint(table, endpoint, policy, serializer);
  addPing(table, transport);
  return new RPCServer(transport, target, table);
}

function makePolicy(policy: AccessPolicy = DefaultRPCAccessPolicy): RPCAccessPolicyBase {
  const made = typeof policy === 'function' ? new policy() : policy;
  if (!(made instanceof RPCAccessPolicyBase))
    throw new ConfigurationError('accessPolicy must extend RPCAccessPolicyBase');
  return made;
}
