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

const setter: TextMapSetter<Map<string, string>> = {
  set: (carrier, key, value) => {
    carrier.set(key, value);
  },
};

/** Returns the context itself where it has none of the keys, as usual: this is done for each message. */
function withoutKeys(context: Dict, keys: readonly string[]): Dict {
  if (!keys.some((key) => Object.hasOwn(context, key))) return context;
  return Object.fromEntries(Object.entries(context).filter(([key]) => !keys.includes(key)));
}

/**
 * Returns the message with the trace of a context, where oslo.messaging has it: in the request context. Keys of an earlier
 * trace are removed. Where nothing is traced, the message is returned as it is.
 * @param headers true to write the same into the headers of AMQP
 */
export function withTrace(
  message: OutgoingMessage,
  context: Context,
  propagator: Propagator = globalPropagation,
  headers = false,
): OutgoingMessage {
  const injected = new Map<string, string>();
  propagator.inject(context, injected, setter);
  if (injected.size === 0) return message;
  // Baggage alone says nothing about the trace that the request context may have.
  const kept = isTraced(context) ? withoutKeys(message.context, [...W3C, ...propagator.fields()]) : message.context;
  const added = Object.fromEntries(injected);
  return {
    ...message,
    context: { ...kept, ...added },
    ...(headers && { headers: { ...message.headers, ...added } }),
  };
}

/** Returns the trace of a received message: that of its request context, else that of its headers of AMQP. */
export function traceOf(
  keys: Dict,
  headers: ReceivedHeaders | undefined,
  propagator: Propagator = globalPropagation,
): Context {
  const context = propagator.extract(ROOT_CONTEXT, keys, inContext);
  if (isTraced(context) || headers === undefined || headers.size === 0) return context;
  return propagator.extract(context, headers, inHeaders);
}

/** Returns true for a context with a span of a trace. */
function isTraced(context: Context): boolean {
  const span = trace.getSpanContext(context);
  return span !== undefined && isSpanContextValid(span);
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
