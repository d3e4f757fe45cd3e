import {
  ConfigurationError,
  type Dict,
  deserializeArgs,
  EndpointRequest,
  type MethodEntry,
  MethodTable,
  type RequestContext,
  type RpcInvocation,
  runAsRequest,
  runWithRequestContext,
  type Serializer,
  type Target,
} from '../internal.js';

/** Request that a stand-in handler answers. */
export interface StandInRequest {
  /** Kind of the request. */
  readonly kind: 'call' | 'cast';
  /** Target of the request, with its version and server. */
  readonly target: Target;
  /** Name of the method. */
  readonly method: string;
}

/**
 * Function that stands for a remote method: `({ a, b }: { a: number; b: number }, context) => a + b`. It returns the result,
 * or a promise of it, or throws.
 */
export type StandInHandler = {
  /** Handles a request. A method, because the parameters of methods can be declared narrower. */
  handle(args: object, context: RequestContext, request: StandInRequest): unknown;
}['handle'];

/** Functions that stand for remote methods, by name. */
export interface StandInHandlers {
  /** Function that stands for one method. */
  readonly [method: string]: StandInHandler;
}

/** Runs a handler with what a request has on the wire. Returns the result as it is sent. */
export type RunHandler = (invocation: RpcInvocation, request: StandInRequest) => Promise<unknown>;

/** Returns the handlers by method. @throws ConfigurationError for a handler that is no function */
export function runnersOf(handlers: StandInHandlers, serializer: Serializer, where: string): Map<string, RunHandler> {
  return new Map(
    Object.entries(handlers).map(([method, handler]: [string, unknown]) => {
      if (typeof handler !== 'function')
        throw new ConfigurationError(`${where}: expected functions; got a ${typeof handler} for "${method}"`);
      return [method, runnerOf(handler as StandInHandler, serializer)];
    }),
  );
}

function runnerOf(handler: StandInHandler, serializer: Serializer): RunHandler {
  return async ({ context, args: sent }, request) => {
    const ctxt = serializer.deserializeContext(context) as RequestContext;
    const args: Dict = deserializeArgs(serializer, ctxt, sent);
    const result: unknown = await runWithRequestContext(ctxt, async () => handler(args, ctxt, request));
    return serializer.serializeEntity(ctxt, result);
  };
}

/** Returns a table with the handlers, for a server. */
export function tableOf(target: Target, runners: ReadonlyMap<string, RunHandler>): MethodTable {
  const table = new MethodTable();
  table.addTarget(target);
  for (const [method, run] of runners) {
    const handle: MethodEntry['handle'] = (message, listening) => {
      const { request } = message;
      const { namespace, version, msgId } = request;
      const kind = msgId === undefined ? 'cast' : 'call';
      const about = { kind, target: target.with({ namespace, version }), method } as const;
      return runAsRequest(new EndpointRequest(() => request.context, message, listening), () => run(request, about));
    };
    table.add(target, method, { handler: `the stand-in for "${method}"`, expected: [Error], handle });
  }
  return table;
}
