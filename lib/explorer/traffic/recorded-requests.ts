import type { Dict, Notification, ObservedRequest, RpcInvocation, Target } from '../../internal.js';
import type { MaskedValues } from './masked-values.js';
import { RecordedMessage, type ShownParts } from './observed-message.js';

/** Length of arguments, in characters. */
const MAX_ARGS = 1000;

/** Call or cast that is sent. */
export class SentRequest extends RecordedMessage {
  /** Set right after the construction: fewer parameters make it faster. */
  target!: Target;
  request!: RpcInvocation;
  isCall!: boolean;
  exchange!: string;

  secrets(): readonly unknown[] {
    return [this.request.args, this.request.context];
  }

  show(masked: MaskedValues): ShownParts {
    const { target, request, isCall, exchange } = this;
    const { method, args, context } = request;
    return {
      kind: isCall ? 'call' : target.fanout ? 'fanout' : 'cast',
      direction: 'out',
      exchange: target.exchange ?? exchange,
      topic: target.topic ?? '',
      server: target.server ?? null,
      namespace: target.namespace ?? null,
      version: target.version ?? null,
      method: masked.name(method),
      args: masked.json(args, MAX_ARGS),
      ...personIn(context, masked),
      messageId: null,
      handler: null,
      waited: null,
    };
  }
}

/** Call or cast that is received. */
export class ServedRequest extends RecordedMessage {
  message!: ObservedRequest;
  listening!: Target;
  exchange!: string;
  handler: string | undefined;

  secrets(): readonly unknown[] {
    return [this.message.request.args, this.message.request.context];
  }

  show(masked: MaskedValues): ShownParts {
    const { message, listening, exchange, handler } = this;
    const { method, args, context, namespace, version, msgId, uniqueId } = message.request;
    const id = msgId ?? uniqueId;
    return {
      kind: message.wantsReply ? 'call' : 'cast',
      direction: 'in',
      exchange: listening.exchange ?? exchange,
      topic: listening.topic ?? '',
      server: listening.server ?? null,
      namespace: namespace === undefined ? null : masked.name(namespace),
      version: version === undefined ? null : masked.name(version),
      method: masked.name(method),
      args: masked.json(args, MAX_ARGS),
      ...personIn(context, masked),
      messageId: id === undefined ? null : masked.name(id),
      handler: handler ?? null,
      waited: Number(message.arrival.slotWait.toFixed(3)),
    };
  }
}

/** Notification that is sent. */
export class SentNotification extends RecordedMessage {
  exchange!: string;
  topics!: readonly string[];
  notification!: Omit<Notification, 'uniqueId'>;

  secrets(): readonly unknown[] {
    return [this.notification.payload, this.notification.context];
  }

  show(masked: MaskedValues): ShownParts {
    const { exchange, topics, notification } = this;
    return { ...partsOf(notification, masked), direction: 'out', exchange, topic: topics.join(','), handler: null };
  }
}

/** Notification, or the first one of a batch, that a handler gets. */
export class HeardNotification extends RecordedMessage {
  exchange!: string;
  queue!: string;
  notification!: Notification;
  handler!: string;

  secrets(): readonly unknown[] {
    return [this.notification.payload, this.notification.context];
  }

  show(masked: MaskedValues): ShownParts {
    const { exchange, queue, notification, handler } = this;
    return { ...partsOf(notification, masked), direction: 'in', exchange, topic: queue, handler };
  }
}

function partsOf(
  { eventType, payload, publisherId, messageId, context }: Omit<Notification, 'uniqueId'>,
  masked: MaskedValues,
) {
  const { requestId } = personIn(context, masked);
  return {
    kind: 'notification',
    server: null,
    namespace: null,
    version: null,
    method: masked.name(eventType ?? ''),
    args: masked.json(payload, MAX_ARGS),
    caller: publisherId === null ? null : masked.name(publisherId),
    requestId,
    messageId: messageId === null ? null : masked.name(messageId),
    waited: null,
  } as const;
}

/** Returns who a request is for, by the names of oslo.context. */
export function personIn(context: Dict, masked: MaskedValues): { caller: string | null; requestId: string | null } {
  const first = (...keys: readonly string[]) =>
    keys.map((key) => context[key]).find((value) => typeof value === 'string' && value !== '') as string | undefined;
  const user = first('user_name', 'user_id', 'user');
  const project = first('project_name', 'project_id', 'tenant');
  const caller = [user, project].filter((name) => name !== undefined).join(' of ');
  const requestId = first('request_id');
  return {
    caller: caller === '' ? null : masked.name(caller),
    requestId: requestId === undefined ? null : masked.name(requestId),
  };
}
