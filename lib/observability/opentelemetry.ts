import { ROOT_CONTEXT, type TextMapPropagator, type TracerProvider, trace } from '@opentelemetry/api';
import {
  ConfigurationError,
  checkNames,
  hasMethods,
  type Instrumentation,
  LIBRARY_VERSION,
  nameOf,
} from '../internal.js';
import { traceOf, withTrace } from './tracing/propagation.js';
import { startListening, startSending, startServing, within } from './tracing/spans.js';

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
  const tracer = tracerProvider.getTracer(TRACER, LIBRARY_VERSION);
  return {
    client: (message, next) => {
      const { messageId, ...active } = startSending(tracer, message);
      const sent = withTrace({ ...message, messageId }, active.context, propagator, amqpHeaders);
      return within(
        active,
        () => [message.context],
        () => next(sent),
      );
    },
    server: (served, next) => {
      const { request, headers } = served;
      const active = startServing(tracer, served, traceOf(request.context, headers, propagator));
      return within(active, () => [request.context], next);
    },
    listener: (served, next) => {
      const { notifications, headers } = served;
      const [first = ROOT_CONTEXT, ...others] = notifications.map(({ context }, index) =>
        traceOf(context, headers[index], propagator),
      );
      const active = startListening(tracer, served, [first, ...others]);
      return within(active, () => notifications.map(({ context }) => context), next);
    },
  };
}

function wrong(name: string, expected: string, given: unknown): ConfigurationError {
  return new ConfigurationError(`openTelemetry: ${name}: expected ${expected}; got ${nameOf(given)}`);
}
