import type { MessageHandler } from '@nestjs/microservices';
import type { Dict } from '../core/dict.js';
import { ConfigurationError } from '../core/errors.js';
import type { DeliveryMode } from '../core/options.js';
import { Target } from '../core/target.js';
import type { IncomingRequest } from '../drivers/driver.js';
import type { Serializer } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import type { ErrorConstructorLike } from '../rpc/access-policy.js';
import { ArgumentCheck, RefusedArguments, refusedArguments } from '../rpc/argument-check.js';
import { type MethodSchema, MethodTable } from '../rpc/method-table.js';
import { addPing, RPCServer } from '../rpc/server.js';
import type { OsloHandlerExtras } from './decorators.js';
import type { NamedParameters } from './named-parameters.js';
import type { Invoke } from './notification-handlers.js';
import { OsloRpcContext } from './oslo-rpc-context.js';

const ADVICE = 'List classes with @RpcEndpoint in the "controllers" of a module; each method needs @RpcMethod';

interface Registration {
  readonly endpoint: { readonly topic?: string | undefined; readonly exchange?: string | undefined };
  readonly target: Target;
  readonly method: string;
  /** Name in errors. */
  readonly name: string;
  /** True for Nest's own `@MessagePattern` and `@EventPattern`. */
  readonly isPlain: boolean;
  readonly expected: readonly ErrorConstructorLike[];
  readonly delivery?: DeliveryMode | undefined;
  /** Parameters of the method, where all of them are named. */
  readonly parameters?: NamedParameters | undefined;
  /** JSON Schemas of the method's API. */
  readonly schema?: MethodSchema | undefined;
  /** Undefined: the option decides. */
  readonly strictArguments?: boolean | undefined;
  /** Returns Nest's handler, which is not complete before all handlers are registered. */
  readonly handler: () => MessageHandler | undefined;
}

/** Methods of `@RpcEndpoint` classes and plain handlers of an application, and the servers that answer with them. */
export class RpcHandlers {
  private readonly registrations: Registration[] = [];
  /** Patterns of plain event handlers. */
  private readonly events = new Set<string>();

  constructor(private readonly invoke: Invoke) {}

  /** Adds a method of an `@RpcEndpoint`. */
  add(
    { endpoint, method, handler, parameters, schema }: NonNullable<OsloHandlerExtras['osloMessaging']>,
    callback: MessageHandler,
  ): void {
    const { namespace, version, acceptedNamespaces } = endpoint;
    this.registrations.push({
      endpoint,
      target: new Target({ namespace, version, acceptedNamespaces }),
      method: method.name,
      name: handler,
      isPlain: false,
      expected: method.expectedExceptions ?? [],
      delivery: method.delivery,
      parameters,
      schema,
      strictArguments: method.strictArguments,
      handler: () => callback,
    });
  }

  /** Adds a `@MessagePattern`. */
  addPattern(route: string, callback: MessageHandler): void {
    this.addPlain('@MessagePattern', route, () => callback);
  }

  /**
   * Adds an `@EventPattern`. The handlers of one pattern are a chain, which is added once.
   * @param head returns the first of the chain
   */
  addEvent(route: string, head: () => MessageHandler | undefined): void {
    if (this.events.has(route)) return;
    this.events.add(route);
    this.addPlain('@EventPattern', route, head);
  }

  /** Makes one server for each topic. @throws ConfigurationError for a handler without a topic, and for two handlers of one method */
  servers(transport: Transport, serializer: Serializer): RPCServer[] {
    const { host, topic: ownTopic, controlExchange, strictArguments } = transport.settings;
    const tables = new Map<string, { target: Target; table: MethodTable }>();
    for (const registration of plainFirst(this.registrations)) {
      const { endpoint, method, parameters, strictArguments: isStrict = strictArguments } = registration;
      const topic = endpoint.topic ?? ownTopic;
      if (topic === undefined) {
        throw new ConfigurationError(
          `The RPC method "${method}" has no topic: set topic in @RpcEndpoint or in the options of the server`,
          { method },
        );
      }
      const target = new Target({ exchange: endpoint.exchange ?? controlExchange, topic, server: host });
      const { table } = tableOf(tables, target);
      const check = isStrict && parameters ? new ArgumentCheck(registration.name, parameters.named) : undefined;
      const contextOf = (message: IncomingRequest) =>
        new OsloRpcContext(message, target, serializer, check?.refusalOf(message.request.args));
      table.add(registration.target, method, {
        handler: registration.name,
        // The mistake is the caller's, as that of a schema is.
        expected: check ? [...registration.expected, RefusedArguments] : registration.expected,
        delivery: registration.delivery,
        parameters: parameters?.named,
        schema: registration.schema,
        scopeOf: contextOf,
        handle: (message, _listening, scope = contextOf(message)) =>
          this.run(registration, message, scope as OsloRpcContext, check),
        readContext: ({ context }) => serializer.deserializeContext(context),
      });
    }
    if (tables.size === 0 && ownTopic !== undefined)
      tableOf(tables, new Target({ exchange: controlExchange, topic: ownTopic, server: host }));
    return [...tables.values()].map(({ target, table }) => {
      addPing(table, transport);
      return new RPCServer(transport, target, table, ADVICE);
    });
  }

  private addPlain(decorator: string, route: string, handler: Registration['handler']): void {
    this.registrations.push({
      endpoint: {},
      target: new Target(),
      method: route,
      isPlain: true,
      name: `${decorator}(${JSON.stringify(route)})`,
      expected: [],
      handler,
    });
  }

  private run(
    { handler, method, parameters }: Registration,
    message: IncomingRequest,
    context: OsloRpcContext,
    check: ArgumentCheck | undefined,
  ): Promise<unknown> {
    const callback = handler();
    if (!callback) throw new ConfigurationError(`The RPC method "${method}" has no handler`, { method });
    const { args } = message.request;
    const { refusal } = context;
    if (!check || !refusal) return this.invoke(callback, withOwn(args, parameters), context);
    // Guards decide first: they read the arguments as they are.
    return this.invoke(
      callback,
      refusedArguments(
        args,
        check,
        () => context.refuse(),
        () => context.isRefused,
      ),
      context,
    );
  }
}

/** Returns arguments in which absent ones are undefined that an object inherits, such as `valueOf`: Nest reads them by name. */
function withOwn(args: Dict, parameters: NamedParameters | undefined): Dict {
  if (!parameters || parameters.inherited.length === 0) return args;
  const absent = parameters.inherited.filter((name) => !Object.hasOwn(args, name));
  if (absent.length === 0) return args;
  const own = { ...args };
  for (const name of absent) Object.defineProperty(own, name, { value: undefined, configurable: true, writable: true });
  return own;
}

function tableOf(tables: Map<string, { target: Target; table: MethodTable }>, target: Target) {
  const entry = tables.get(String(target)) ?? { target, table: new MethodTable() };
  tables.set(String(target), entry);
  return entry;
}

/**
 * Orders handlers as they were registered: as in Python, the first that can answer a request does. Plain handlers come
 * first. They have version 1.0, so they hide no handler of a later version, which would hide them.
 */
function plainFirst(registrations: readonly Registration[]): Registration[] {
  return [...registrations].sort((one, other) => Number(other.isPlain) - Number(one.isPlain));
}
