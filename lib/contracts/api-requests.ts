import { InvalidTarget, MessagingTimeout } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import type { Target } from '../core/target.js';
import type { Transport } from '../messaging/transport.js';
import type { CallContext, ClientOptions } from '../rpc/call-context.js';
import { BackingOffClient } from '../tacker/backing-off-client.js';
import type { RpcApiMethod } from './api-method.js';
import type { RpcApiRequestOptions } from './client-types.js';
import { changesOf, givenOf, type RequestChanges } from './request-options.js';
import type { RpcApi } from './rpc-api.js';
import { resultParser } from './schema-check.js';
import { formUnder } from './version-cap.js';

/** Parts of a request that depend on the method alone, prepared once. */
interface Prepared {
  /** Client of the method's target and options, for requests with options of their own. */
  readonly client: BackingOffClient;
  readonly context: CallContext;
  readonly convert: ((args: never) => object) | undefined;
  readonly serverOf: ((args: never) => string) | undefined;
  readonly parse: ((result: unknown) => unknown) | undefined;
}

/** Requests of a typed client under one cap. */
export class ApiRequests {
  /** Client below the typed one. */
  readonly client: BackingOffClient;
  private readonly changes: RequestChanges;
  private readonly prepared = new Map<RpcApiMethod, Prepared>();

  /**
   * @param options options of the client, with the cap as a version
   * @param changed options that `$prepare` has changed
   * @throws ConfigurationError for an unknown or ill-typed option
   */
  constructor(
    private readonly transport: Transport,
    { target }: RpcApi,
    private readonly options: ClientOptions,
    private readonly changed: RpcApiRequestOptions,
  ) {
    this.client = new BackingOffClient(transport, target, options);
    this.changes = changesOf(changed);
    // Bad values are refused here, not by the first request.
    this.client.prepare(this.changes);
  }

  /** Version cap of the client. */
  get cap(): string | undefined {
    return this.options.versionCap;
  }

  /** Sends a request. Rejects, and never throws. */
  send(method: RpcApiMethod, args: object = {}, options?: RpcApiRequestOptions | undefined): Promise<unknown> {
    try {
      const prepared = this.prepared.get(method) ?? this.prepare(method);
      const { convert, parse } = prepared;
      const context = contextFor(method, prepared, args, options);
      const ctxt = options?.context ?? this.changed.context;
      const sent = convert ? convert(args as never) : args;
      if (method.kind === 'cast') return context.cast(ctxt, method.name, sent);
      if (!parse) return context.call(ctxt, method.name, sent);
      const deadline = context.deadlineOf(method.name);
      return context.call(ctxt, method.name, sent).then((result) => {
        const parsed = parse(result);
        // An asynchronous schema might never settle.
        return parsed instanceof Promise ? deadline.race(parsed, () => lateSchema(method, context.target)) : parsed;
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private prepare(method: RpcApiMethod): Prepared {
    const { server } = method;
    const { version, convert } = formUnder(this.cap, method);
    const { server: prepared, ...changes } = this.changes;
    const fixed = prepared ?? (typeof server === 'string' ? server : undefined);
    const target = this.client.target.with(
      method.fanout ? { version, fanout: true } : { version, server: fixed ?? undefined },
    );
    const { timeout, callMonitorTimeout } = method;
    const own = givenOf({ timeout, callMonitorTimeout });
    const client = new BackingOffClient(this.transport, target, { ...this.options, ...own, ...changes });
    const serverOf = typeof server === 'function' && prepared === undefined ? server : undefined;
    const made = { client, context: client.prepare(), convert, serverOf, parse: resultParser(method, target) };
    this.prepared.set(method, made);
    return made;
  }
}

function lateSchema({ name: method }: RpcApiMethod, target: Target): MessagingTimeout {
  const text = `"${method}" on ${target} was answered, but the schema of the result has not settled within the timeout`;
  return new MessagingTimeout(text, { target, method });
}

/** Returns the context of the method, or one for a request with its own options or on the server that its arguments name. */
function contextFor(
  method: RpcApiMethod,
  { client, context, serverOf }: Prepared,
  args: object,
  options: RpcApiRequestOptions | undefined,
): CallContext {
  if (options === undefined && serverOf === undefined) return context;
  const changes = options === undefined ? {} : changesOf(options);
  // A fanout goes to all servers.
  if (method.fanout) delete changes.server;
  else if (serverOf && changes.server === undefined) changes.server = serverFor(method, serverOf, args);
  // Most requests with options have a request context alone.
  for (const _changed in changes) return client.prepare(changes);
  return context;
}

/** @throws InvalidTarget unless the function of the method returns the name of a server */
function serverFor({ key, name }: RpcApiMethod, serverOf: (args: never) => string, args: object): string {
  const server: unknown = serverOf(args as never);
  if (typeof server === 'string' && server !== '') return server;
  const got = server === '' ? '""' : nameOf(server);
  throw new InvalidTarget(`The "server" function of "${key}" must return the name of a server; got ${got}`, {
    method: name,
  });
}
