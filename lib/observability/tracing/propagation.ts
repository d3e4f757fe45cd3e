import {
  type Context,
  propagation as globalPropagation,
  isSpanContextValid,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import type { Dict, OutgoingMessage, ReceivedHeaders } from '../../internal.js';

/** Propagator, or OpenTelemetry's global one. */
export type Propagator = Pick<TextMapPropagator, 'inject' | 'extract' | 'fields'>;

/** Keys of W3C trace context and baggage, which are never left from an earlier request. */
const W3C = ['traceparent', 'tracestate', 'baggage'];

const inContext: TextMapGetter<Dict> = {
  keys: (context) => Object.keys(context),
  get: (context, key) => textOf(Object.hasOwn(context, key) ? context[key] : undefined),
};

const inHeaders: TextMapGetter<ReceivedHeaders> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, key) => textOf(headers.get(key)),
};

/** Keys that a propagator writes, in an object of their own. */
class Carrier {
  isEmpty = true;

  constructor(readonly keys: Record<string, unknown> = {}) {}
}

const setter: TextMapSetter<Carrier> = {
  set: (carrier, key, value) => {
    carrier.isEmpty = false;
    carrier.keys[key] = value;
  },
};

/** Removes the keys of an earlier trace, of which there are none usually, for a context with a span of another one. */
function removeKeys(keys: Record<string, unknown>, propagator: Propagator, context: Context): void {
  const stale = [...W3C, ...propagator.fields()].filter((key) => Object.hasOwn(keys, key));
  // Baggage alone says nothing about the trace that the request context may have.
  if (stale.length === 0 || !isTraced(context)) return;
  for (const key of stale) delete keys[key];
}

/**
 * Returns the request context with the trace of a context, as oslo.messaging has it there. Keys of an earlier trace are
 * removed. Where nothing is traced, the request context is returned as it is.
 */
export function withTrace(requestContext: Dict, context: Context, propagator: Propagator = globalPropagation): Dict {
  const carrier = new Carrier({ ...requestContext });
  removeKeys(carrier.keys, propagator, context);
  propagator.inject(context, carrier, setter);
  return carrier.isEmpty ? requestContext : carrier.keys;
}

/** Returns headers of AMQP with the trace of a context. */
export function headersWithTrace(
  headers: OutgoingMessage['headers'],
  context: Context,
  propagator: Propagator = globalPropagation,
): OutgoingMessage['headers'] {
  const carrier = new Carrier({ ...headers });
  propagator.inject(context, carrier, setter);
  return carrier.isEmpty ? headers : (carrier.keys as Record<string, string>);
}

/** Returns the trace of a received message: that of its request context, else that of its headers of AMQP. */
export function traceOf(
  keys: Dict,
  headers: ReceivedHeaders | undefined,
  propagator: Propagator = globalPropagation,
): Context {
  const context = propagator.extract(ROOT_CONTEXT, keys, inContext);
  if (headers === undefined || headers.size === 0 || isTraced(context)) return context;
  return propagator.extract(context, headers, inHeaders);
}

/** Returns true for a context with a span of a trace. */
function isTraced(context: Context): boolean {
  const span = trace.getSpanContext(context);
  return span !== undefined && isSpanContextValid(span);
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
