import { ConfigurationError } from '../core/errors.js';
import { unfitForFields } from '../core/given.js';
import { checkOptions, type Rule } from '../core/option-rules.js';
import { sharedClass } from '../core/shared.js';
import { Target } from '../core/target.js';
import type { TargetFields } from '../core/target-fields.js';
import { isSerializer } from '../messaging/serializer.js';
import { assertTransport, type Transport } from '../messaging/transport.js';
import { CallContext, type ClientOptions } from './call-context.js';

/** Options of which each can be given as null or undefined, to clear it. */
export type Clearable<T> = { [K in keyof T]?: T[K] | null | undefined };

/** Options that `prepare` changes. An absent name keeps its value. `undefined` and `null` clear it, as Python's `None` does. */
export interface PrepareOptions
  extends Clearable<Omit<TargetFields, 'acceptedNamespaces'>>,
    Clearable<Omit<ClientOptions, 'serializer'>> {}

const TARGET_FIELDS: ReadonlySet<string> = new Set<keyof TargetFields>([
  ...(['exchange', 'topic', 'namespace', 'version', 'server', 'fanout'] as const),
]);
const anything: Rule = () => undefined;
const PREPARE_RULES: Record<keyof PrepareOptions, Rule> = {
  exchange: anything,
  topic: anything,
  namespace: anything,
  version: anything,
  server: anything,
  fanout: anything,
  timeout: anything,
  versionCap: anything,
  retry: anything,
  transportOptions: anything,
  callMonitorTimeout: anything,
  retryPolicy: anything,
  signal: anything,
  propagateDeadlines: anything,
};
/** Values are checked in the constructor of {@link CallContext}, since `prepare` can change them. */
const CLIENT_RULES: Record<keyof ClientOptions, Rule> = {
  timeout: anything,
  versionCap: anything,
  serializer: (value) => (isSerializer(value) ? undefined : 'a Serializer'),
  retry: anything,
  callMonitorTimeout: anything,
  transportOptions: anything,
  retryPolicy: anything,
  signal: anything,
  propagateDeadlines: anything,
};

/**
 * Returns target and options with the changes of a `prepare`.
 * @throws ConfigurationError for an unknown name
 */
export function prepared(target: Target, options: ClientOptions, changes: PrepareOptions): [Target, ClientOptions] {
  const given = unfitForFields(changes);
  if (given !== undefined) throw new ConfigurationError(`prepare: expected an object of options; got ${given}`);
  const fields: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  let isOther = false;
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(PREPARE_RULES, name)) checkOptions(changes, PREPARE_RULES, '');
    if (TARGET_FIELDS.has(name)) {
      fields[name] = value ?? undefined;
      isOther = true;
    } else rest[name] = value ?? undefined;
  }
  return [isOther ? target.with(fields) : target, { ...options, ...rest }];
}

/** @throws ConfigurationError for an unknown option */
export function checkClientOptions(options: ClientOptions): void {
  checkOptions(options, CLIENT_RULES, '');
}

/** Client that invokes methods of remote servers. Source: oslo_messaging.RPCClient. */
@sharedClass('RPCClient')
export class RPCClient extends CallContext {
  /** @throws ConfigurationError for an unknown or ill-typed option, InvalidVersion for an invalid version cap */
  constructor(transport: Transport, target: Target, options: ClientOptions = {}) {
    assertTransport(transport);
    if (!(target instanceof Target))
      throw new ConfigurationError('Client: expected a Target, such as new Target({ topic })');
    checkClientOptions(options);
    super(transport, target, options);
  }

  /**
   * Returns a context with target or options changed. The client stays unchanged.
   * @throws ConfigurationError for an unknown or ill-typed option
   */
  prepare(changes: PrepareOptions = {}): CallContext {
    return new CallContext(this.transport, ...prepared(this.target, this.options, changes));
  }
}

/** Client class, for `clientCls` of {@link getRpcClient}. */
export type RPCClientClass<C extends RPCClient = RPCClient> = new (
  transport: Transport,
  target: Target,
  options?: ClientOptions,
) => C;

/**
 * Makes a client of a class. Default class: {@link RPCClient}. Source: oslo_messaging.get_rpc_client.
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function getRpcClient<C extends RPCClient = RPCClient>(
  transport: Transport,
  target: Target,
  { clientCls, ...options }: ClientOptions & { clientCls?: RPCClientClass<C> | undefined } = {},
): C {
  return new (clientCls ?? (RPCClient as unknown as RPCClientClass<C>))(transport, target, options);
}
