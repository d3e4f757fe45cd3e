import {
  type Attributes,
  type Context,
  context,
  diag,
  type Link,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  newId,
  type OutgoingMessage,
  type ServedNotifications,
  type ServedRequest,
  type Target,
} from '../../internal.js';
import { MethodCache } from '../method-cache.js';
import {
  attributesOfHandler,
  attributesOfMethod,
  attributesOfNotification,
  attributesOfServedNotifications,
  qualified,
  RPC_SYSTEM,
  type SplitAttributes,
  setRequest,
  setServed,
  topicOf,
} from './attributes.js';
import { fail, noteExpected } from './failure.js';

/** Maximum number of notifications of a batch that its span links to. OpenTelemetry's SDK keeps as many by default. */
const MAX_LINKS = 128;

/** Span, and the context in which it is active. */
export interface Active {
  readonly span: Span;
  readonly context: Context;
}

/** Spans of the messages of one method, or of the requests of one handler: what they have in common. */
interface Common extends SplitAttributes {
  readonly name: string;
  readonly kind: SpanKind;
}

/** Common parts, and what they depend on besides target and method. */
interface CommonOfSent extends Common {
  readonly of: Pick<OutgoingMessage, 'kind' | 'broker'>;
}

interface CommonOfServed extends Common {
  readonly of: Pick<ServedRequest, 'broker' | 'handler' | 'wantsReply'> & {
    readonly target: Target;
    readonly namespace: string | undefined;
    readonly version: string | undefined;
  };
}

/** Starts the spans of messages. What messages of one kind have in common is kept. */
export class Spans {
  private readonly sent = new MethodCache<CommonOfSent>();
  private readonly served = new MethodCache<CommonOfServed>();

  constructor(private readonly tracer: Tracer) {}

  /** Starts the span of a message that is sent, within the active one. @param messageId id of a call on the wire */
  startSending(message: OutgoingMessage, messageId: string | undefined): Active {
    const parent = context.active();
    if (message.kind === 'notification') {
      const attributes = attributesOfNotification(message);
      return this.start(`send ${message.target.topic}`, SpanKind.PRODUCER, attributes, parent);
    }
    const active = this.startCommon(this.commonOfSent(message), parent);
    if (active.span.isRecording()) setRequest(active.span, message, messageId);
    return active;
  }

  /** Starts the span of a request that is handled. @param parent trace of the request */
  startServing(request: ServedRequest, parent: Context): Active {
    const active = this.startCommon(this.commonOfServed(request), parent);
    if (active.span.isRecording()) setServed(active.span, request);
    return active;
  }

  /**
   * Starts the span of notifications that are handled. That of a single one belongs to its trace; that of a batch begins a
   * trace, with links to those of its notifications.
   * @param traces trace of each notification
   */
  startListening(notifications: ServedNotifications, traces: readonly [Context, ...Context[]]): Active {
    const [first, ...others] = traces;
    const name = `process ${topicOf(notifications)}`;
    const attributes = attributesOfServedNotifications(notifications);
    if (others.length === 0) return this.start(name, SpanKind.CONSUMER, attributes, first);
    const links = traces.flatMap((one): Link[] => {
      const sender = trace.getSpanContext(one);
      return sender ? [{ context: sender }] : [];
    });
    const options = { kind: SpanKind.CONSUMER, attributes, root: true, links: links.slice(0, MAX_LINKS) };
    const span = this.tracer.startSpan(name, options);
    return { span, context: trace.setSpan(context.active(), span) };
  }

  /** Starts a span. What many have in common is passed as it is: an SDK copies it. */
  private startCommon({ name, kind, atStart, recorded }: Common, parent: Context): Active {
    const active = this.start(name, kind, atStart, parent);
    if (active.span.isRecording()) active.span.setAttributes(recorded);
    return active;
  }

  private start(name: string, kind: SpanKind, attributes: Attributes, parent: Context): Active {
    const span = this.tracer.startSpan(name, { kind, attributes }, parent);
    return { span, context: trace.setSpan(parent, span) };
  }

  private commonOfSent(message: OutgoingMessage): Common {
    const { kind, broker, target, method } = message;
    const known = this.sent.get(target, method);
    if (known?.of.kind === kind && known.of.broker === broker) return known;
    return this.sent.keep(target, method, {
      name: kind === 'call' ? qualified(target.namespace, method) : `send ${target.topic}`,
      kind: kind === 'call' ? SpanKind.CLIENT : SpanKind.PRODUCER,
      ...attributesOfMethod(message),
      of: { kind, broker },
    });
  }

  private commonOfServed(served: ServedRequest): Common {
    const { request, broker, target, handler, endpoint, wantsReply } = served;
    const { namespace, method, version } = request;
    const known = endpoint && this.served.get(endpoint, method);
    if (
      known?.of.target === target &&
      known.of.namespace === namespace &&
      known.of.version === version &&
      known.of.handler === handler &&
      known.of.wantsReply === wantsReply &&
      known.of.broker === broker
    )
      return known;
    const ofCall = handler === undefined ? RPC_SYSTEM : qualified(namespace, method);
    const common: CommonOfServed = {
      name: wantsReply ? ofCall : `process ${target.topic}`,
      kind: wantsReply ? SpanKind.SERVER : SpanKind.CONSUMER,
      ...attributesOfHandler(served),
      of: { target, namespace, version, handler, wantsReply, broker },
    };
    // Anybody can send any unknown method.
    return endpoint && handler !== undefined ? this.served.keep(endpoint, method, common) : common;
  }
}

/** Returns the id of a message on the wire: each attempt of a call has its own. */
export function messageIdOf({ kind, messageId }: OutgoingMessage): string | undefined {
  return kind === 'call' ? (messageId ?? newId()) : messageId;
}

/** Parameters of the end of a failed span. */
interface Failing {
  /** Returns the request contexts, whose secrets the error may quote. */
  readonly contexts: () => readonly object[];
  /** Returns true for an error that is no failure. */
  readonly isExpected?: ((error: unknown) => boolean) | undefined;
}

/** Ends a span as work settles. Returns the promise of the work itself: a further one would cost time and memory. */
export function endWith(span: Span, work: Promise<unknown>, { contexts, isExpected }: Failing): Promise<unknown> {
  work.then(
    () => guarded(() => span.end()),
    (error: unknown) => {
      guarded(() => (isExpected?.(error) ? noteExpected(span, error) : fail(span, error, contexts())));
      guarded(() => span.end());
    },
  );
  return work;
}

/** Runs a step. A span processor of the user may throw: neither the call nor the process shall end because of it. */
function guarded(step: () => void): void {
  try {
    step();
  } catch (error) {
    diag.error('nestjs-oslo-messaging: ending a span failed', error);
  }
}
