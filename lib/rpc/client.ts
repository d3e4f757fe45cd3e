import { ConfigurationError } from '../core/errors.js';
import { Target, type TargetFields } from '../core/target.js';
import { CallContext, type ClientOptions } from './call-context.js';
import { assertTransport, type Transport } from './transport.js';

/** What `prepare` can change for one invocation. */
export interface PrepareOptions extends Omit<TargetFields, 'acceptedNamespaces'>, Omit<ClientOptions, 'serializer'> {}

const TARGET_FIELDS = ['exchange', 'topic', 'namespace', 'version', 'server', 'fanout'] as const;

/** Splits what `prepare` was given into a target and options, over what was there before. */
export function prepared(target: Target, options: ClientOptions, changes: PrepareOptions): [Target, ClientOptions] {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const isTarget = (name: string) => (TARGET_FIELDS as readonly string[]).includes(name);
  const fields = Object.fromEntries(given.filter(([name]) => isTarget(name))) as TargetFields;
  const rest = Object.fromEntries(given.filter(([name]) => !isTarget(name))) as ClientOptions;
  return [target.with(fields), { ...options, ...rest }];
}

/** Invokes methods on remote servers. Source: oslo_messaging.RPCClient. */
export class RPCClient extends CallContext {
  constructor(transport: Transport, target: Target, options: ClientOptions = {}) {
    assertTransport(transport);
    if (!(target instanceof Target)) throw new ConfigurationError('Expected a Target');
    super(transport, target, options);
  }

  /** A context with the given properties changed. */
  prepare(changes: PrepareOptions = {}): CallContext {
    return new CallContext(this.transport, ...prepared(this.target, this.options, changes));
  }
}

/** A client class, as `clientCls` of {@link getRpcClient} takes it. */
export type RPCClientClass<C extends RPCClient = RPCClient> = new (
  transport: Transport,
  target: Target,
  options?: ClientOptions,
) => C;

/** Makes a client. Source: oslo_messaging.get_rpc_client. */
export function getRpcClient<C extends RPCClient = RPCClient>(
  transport: Transport,
  target: Target,
  { clientCls, ...options }: ClientOptions & { clientCls?: RPCClientClass<C> } = {},
): C {
  return new (clientCls ?? (RPCClient as unknown as RPCClientClass<C>))(transport, target, options);
}
