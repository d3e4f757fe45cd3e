import { type Context, context, type Link, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { newId, type OutgoingMessage, type ServedNotifications, type ServedRequest } from '../../internal.js';
import {
  ATTRIBUTE,
  attributesOfNotification,
  attributesOfRequest,
  attributesOfServed,
  attributesOfServedNotifications,
  qualified,
  RPC_SYSTEM,
  topicOf,
} from './attributes.js';
import { fail } from './failure.js';

/** Maximum number of notifications of a batch that its span links to. OpenTelemetry's SDK keeps as many by default. */
const MAX_LINKS = 128;

/** Span, and the context in which it is active. */
export interface Active {
  readonly span: Span;
  readonly context: Context;
}

/** Starts the span of a message that is sent, within the active one. @returns it, and the id of the message on the wire */
export function startSending(tracer: Tracer, message: OutgoingMessage): Active & { readonly messageId?: string } {
  const { kind, target, method } = message;
  const parent = context.active();
  if (kind === 'call') {
    const messageId = message.messageId ?? newId();
    const attributes = { ...attributesOfRequest(message), [ATTRIBUTE.MESSAGING_MESSAGE_ID]: messageId };
    const span = tracer.startSpan(qualified(target.namespace, method), { kind: SpanKind.CLIENT, attributes }, parent);
    return { span, context: trace.setSpan(parent, span), messageId };
  }
  const attributes = kind === 'cast' ? attributesOfRequest(message) : attributesOfNotification(message);
  const span = tracer.startSpan(`send ${target.topic}`, { kind: SpanKind.PRODUCER, attributes }, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** Starts the span of a request that is handled. @param parent trace of the request */
export function startServing(tracer: Tracer, served: ServedRequest, parent: Context): Active {
  const { request, wantsReply, handler, target } = served;
  const attributes = attributesOfServed(served);
  const known = handler === undefined ? RPC_SYSTEM : qualified(request.namespace, request.method);
  const name = wantsReply ? known : `process ${target.topic}`;
  const kind = wantsReply ? SpanKind.SERVER : SpanKind.CONSUMER;
  const span = tracer.startSpan(name, { kind, attributes }, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/**
 * Starts the span of notifications that are handled. That of a single one belongs to its trace; that of a batch begins a
 * trace, with links to those of its notifications.
 * @param traces trace of each notification
 */
export function startListening(
  tracer: Tracer,
  served: ServedNotifications,
  traces: readonly [Context, ...Context[]],
): Active {
  const [first, ...others] = traces;
  const name = `process ${topicOf(served)}`;
  const attributes = attributesOfServedNotifications(served);
  const options = { kind: SpanKind.CONSUMER, attributes };
  if (others.length === 0) {
    const span = tracer.startSpan(name, options, first);
    return { span, context: trace.setSpan(first, span) };
  }
  const links = traces.flatMap((one): Link[] => {
    const sender = trace.getSpanContext(one);
    return sender ? [{ context: sender }] : [];
  });
  const span = tracer.startSpan(name, { ...options, root: true, links: links.slice(0, MAX_LINKS) });
  return { span, context: trace.setSpan(context.active(), span) };
}

/** Runs work while a span is active, and ends the span as the work does. @param contexts request contexts, for their secrets */
export async function within(
  { span, context: active }: Active,
  contexts: () => readonly object[],
  work: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await context.with(active, work);
  } catch (error) {
    fail(span, error, contexts());
    throw error;
  } finally {
    span.end();
  }
}
