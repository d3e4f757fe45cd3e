import { InvalidTarget } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import type { CallContext } from '../rpc/call-context.js';
import type { PrepareOptions } from '../rpc/client.js';
import type { BackingOffClient } from '../tacker/backing-off-client.js';
import type { RpcApiMethod } from './api-method.js';
import type { RpcApiRequestOptions } from './client-types.js';
import { changesOf, checkRequestOptions } from './request-options.js';
import { resultParser } from './schema-check.js';
import { formUnder } from './version-cap.js';

/** How a method is sent, prepared once. */
interface Prepared {
  readonly options: PrepareOptions;
  readonly context: CallContext;
  readonly convert: ((args: never) => object) | undefined;
  readonly serverOf: ((args: never) => string) | undefined;
  readonly parse: ((result: unknown) => unknown) | undefined;
}

/** Requests of a typed client under one cap. What depends on the method alone is prepared at its first request. */
export class ApiRequests {
  private readonly prepared = new Map<RpcApiMethod, Prepared>();

  constructor(
    readonly client: BackingOffClient,
    /** Version cap of the client. */
    readonly cap: string | undefined,
    /** Options that `$prepare` has changed. */
    private readonly changes: RpcApiRequestOptions,
  ) {
    // Bad values are refused here, not by the first request.
    if (Object.keys(changes).length > 0) client.prepare(changesOf(changes));
  }

  /** Sends a request. Rejects, and never throws. */
  send(method: RpcApiMethod, args: object | undefined, options: RpcApiRequestOptions | undefined): Promise<unknown> {
    try {
      const { context, convert, parse, serverOf, options: own } = this.prepared.get(method) ?? this.prepare(method);
      const given = args === undefined ? {} : args;
      const sent = convert ? convert(given as never) : given;
      const special = options !== undefined || serverOf !== undefined;
      const through = special ? this.specialContext(method, own, serverOf, given, options) : context;
      const ctxt = options?.context ?? this.changes.context;
      if (method.kind === 'cast') return through.cast(ctxt, method.name, sent);
      const answered = through.call(ctxt, method.name, sent);
      return parse ? answered.then(parse) : answered;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private prepare(method: RpcApiMethod): Prepared {
    const { fanout, server, timeout, callMonitorTimeout } = method;
    const { version, convert } = formUnder(this.cap, method);
    const changes = changesOf(this.changes);
    const options: PrepareOptions = { version };
    if (timeout !== undefined) options.timeout = timeout;
    if (callMonitorTimeout !== undefined) options.callMonitorTimeout = callMonitorTimeout;
    if (typeof server === 'string') options.server = server;
    Object.assign(options, changes);
    if (fanout) Object.assign(options, { fanout: true, server: undefined });
    const context = this.client.prepare(options);
    const serverOf = typeof server === 'function' && changes.server === undefined ? server : undefined;
    const made = { options, context, convert, serverOf, parse: resultParser(method, context.target) };
    this.prepared.set(method, made);
    return made;
  }

  /** Returns a context for one request: with its own options, or on the server that its arguments name. */
  private specialContext(
    method: RpcApiMethod,
    own: PrepareOptions,
    serverOf: Prepared['serverOf'],
    args: object,
    options: RpcApiRequestOptions = {},
  ): CallContext {
    checkRequestOptions(options);
    const changed: PrepareOptions = { ...own, ...changesOf(options) };
    if (method.fanout) changed.server = undefined;
    else if (serverOf && options.server === undefined) changed.server = serverFor(method, serverOf, args);
    return this.client.prepare(changed);
  }
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
