import { context, ROOT_CONTEXT, type TextMapPropagator, type TracerProvider, trace } from '@opentelemetry/api';
import {
  ConfigurationError,
  checkNames,
  hasMethods,
  type Instrumentation,
  LIBRARY_VERSION,
  nameOf,
  type OutgoingMessage,
} from '../internal.js';
import { headersWithTrace, traceOf, withTrace } from './tracing/propagation.js';
import { endWith, messageIdOf, Spans } from './tracing/spans.js';

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /** Provider of the tracer. @default the global one of `@opentelemetry/api` */
  tracerProvider?: TracerProvider | undefined;
  /** Reads and writes the trace of a message. @default the global one of `@opentelemetry/api` */
  propagator?: TextMapPropagator | undefined;
  /**
   * True to write the trace into the headers of AMQP as well, for peers that look there. oslo.messaging does not: it has the
   * trace in the request context. Headers are read in any case, where the request context has no trace. @default false
   */
  amqpHeaders?: boolean | undefined;
}

const OPTIONS: readonly (keyof OpenTelemetryOptions)[] = ['tracerProvider', 'propagator', 'amqpHeaders'];

/** Name of the tracer, by which an SDK can switch it off. */
const TRACER = 'nestjs-oslo-messaging';

/**
 * Returns an instrumentation that makes spans of calls, casts, notifications and their handlers, and passes the trace on in
 * the request context, as oslo.messaging does. Set up an SDK of OpenTelemetry before: without one, nothing is traced, and a
 * trace that the request context has passes unchanged.
 * @throws ConfigurationError for an unknown or ill-typed option
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Instrumentation {
  checkNames(options, OPTIONS, 'option of openTelemetry()');
  const { tracerProvider = trace, propagator, amqpHeaders = false } = options;
  if (typeof amqpHeaders !== 'boolean')
    throw new ConfigurationError(`openTelemetry: amqpHeaders: expected true or false; got ${String(amqpHeaders)}`);
  if (!hasMethods(tracerProvider, ['getTracer'])) throw wrong('tracerProvider', 'a TracerProvider', tracerProvider);
  if (propagator !== undefined && !hasMethods(propagator, ['inject', 'extract', 'fields']))
    throw wrong('propagator', 'a TextMapPropagator', propagator);
  const spans = new Spans(tracerProvider.getTracer(TRACER, LIBRARY_VERSION));
  return {
    client: (message, next) => {
      const messageId = messageIdOf(message);
      const active = spans.startSending(message, messageId);
      const sent: OutgoingMessage = {
        ...message,
        messageId,
        context: withTrace(message.context, active.context, propagator),
        headers: amqpHeaders ? headersWithTrace(message.headers, active.context, propagator) : message.headers,
      };
      const contexts = () => [message.context];
      return endWith(active.span, context.with(active.context, next, undefined, sent), { contexts });
    },
    server: (served, next) => {
      const { request, headers, isExpected } = served;
      const active = spans.startServing(served, traceOf(request.context, headers, propagator));
      const contexts = () => [request.context];
      return endWith(active.span, context.with(active.context, next), { contexts, isExpected });
    },
    listener: (served, next) => {
      const { notifications, headers } = served;
      const [first = ROOT_CONTEXT, ...others] = notifications.map((one, index) =>
        traceOf(one.context, headers[index], propagator),
      );
      const active = spans.startListening(served, [first, ...others]);
      const contexts = () => notifications.map((one) => one.context);
      return endWith(active.span, context.with(active.context, next), { contexts });
    },
  };
}

function wrong(name: string, expected: string, given: unknown): ConfigurationError {
  return new ConfigurationError(`openTelemetry: ${name}: expected ${expected}; got ${nameOf(given)}`);
}
