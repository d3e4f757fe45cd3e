import type { Attributes } from '@opentelemetry/api';
import {
  attemptIn,
  type BrokerKind,
  type OutgoingMessage,
  oneLine,
  type ServedNotifications,
  type ServedRequest,
} from '../../internal.js';

/** Names of attributes: those of OpenTelemetry's conventions for RPC and messaging, and those that oslo.messaging sets. */
export const ATTRIBUTE = {
  RPC_SYSTEM_NAME: 'rpc.system.name',
  RPC_METHOD: 'rpc.method',
  RPC_METHOD_ORIGINAL: 'rpc.method_original',
  RPC_STATUS_CODE: 'rpc.status_code',
  ERROR_TYPE: 'error.type',
  CODE_FUNCTION_NAME: 'code.function.name',
  MESSAGING_SYSTEM: 'messaging.system',
  MESSAGING_OPERATION_NAME: 'messaging.operation.name',
  MESSAGING_OPERATION_TYPE: 'messaging.operation.type',
  MESSAGING_DESTINATION_NAME: 'messaging.destination.name',
  MESSAGING_MESSAGE_ID: 'messaging.message.id',
  MESSAGING_BATCH_MESSAGE_COUNT: 'messaging.batch.message_count',
  /** Operation in oslo.messaging: `call`, `cast` or `receive`. */
  MESSAGING_OPERATION: 'messaging.operation',
  /** Namespace, as oslo.messaging names it. */
  RPC_SERVICE: 'rpc.service',
  /** Name in OpenTelemetry's instrumentation of oslo.messaging. */
  RPC_SYSTEM: 'rpc.system',
  /** Name in oslo.messaging. */
  REQUEST_ID: 'openstack.request_id',
  EXCHANGE: 'oslo_messaging.exchange',
  SERVER: 'oslo_messaging.server',
  FANOUT: 'oslo_messaging.fanout',
  VERSION: 'oslo_messaging.version',
  ATTEMPT: 'oslo_messaging.attempt',
  PRIORITY: 'oslo_messaging.priority',
  EVENT_TYPE: 'oslo_messaging.event_type',
} as const;

/** Value of attributes and name of spans for what is not known here, as the conventions have it. */
export const OTHER = '_OTHER';

/** Value of `rpc.system.name`. */
export const RPC_SYSTEM = 'oslo.messaging';

/** Maximum length of an attribute from the wire, in characters. */
const MAX_LENGTH = 255;

/** Values of `messaging.system`. Python names RabbitMQ alone. */
const SYSTEMS: Readonly<Record<BrokerKind, string>> = { rabbit: 'rabbitmq', memory: 'memory' };

/** Returns the method with its namespace, as the conventions want it. */
export function qualified(namespace: string | undefined, method: string): string {
  return namespace ? `${namespace}.${method}` : method;
}

/** Returns the attributes of a call or cast that is sent. */
export function attributesOfRequest({ kind, broker, target, method, context, attempt }: OutgoingMessage): Attributes {
  const { exchange, topic = '', server, fanout, namespace, version } = target;
  return {
    ...rpc(namespace),
    [ATTRIBUTE.RPC_METHOD]: qualified(namespace, method),
    ...messaging(broker, topic, kind),
    ...(kind === 'cast' && operation('send')),
    ...given(ATTRIBUTE.EXCHANGE, exchange),
    ...given(ATTRIBUTE.SERVER, server),
    ...given(ATTRIBUTE.VERSION, version),
    ...(fanout && { [ATTRIBUTE.FANOUT]: true }),
    ...repetition(attempt),
    ...requestId(context),
  };
}

/** Returns the attributes of a notification that is sent. */
export function attributesOfNotification({
  broker,
  target,
  method,
  context,
  notification,
}: OutgoingMessage): Attributes {
  return {
    ...messaging(broker, target.topic ?? '', 'notify'),
    ...operation('send'),
    ...given(ATTRIBUTE.EXCHANGE, target.exchange),
    ...given(ATTRIBUTE.EVENT_TYPE, method),
    ...given(ATTRIBUTE.PRIORITY, notification?.priority),
    ...given(ATTRIBUTE.MESSAGING_MESSAGE_ID, notification?.messageId),
    ...requestId(context),
  };
}

/** Returns the attributes of a request that is handled. Its method is not known where no endpoint has it. */
export function attributesOfServed({
  request,
  messageId,
  broker,
  target,
  handler,
  wantsReply,
}: ServedRequest): Attributes {
  const { namespace, method, version, context } = request;
  const name = qualified(namespace, method);
  return {
    ...rpc(namespace),
    ...(handler === undefined
      ? { [ATTRIBUTE.RPC_METHOD]: OTHER, ...given(ATTRIBUTE.RPC_METHOD_ORIGINAL, name) }
      : { [ATTRIBUTE.RPC_METHOD]: name, [ATTRIBUTE.CODE_FUNCTION_NAME]: handler }),
    ...messaging(broker, target.topic ?? '', 'receive'),
    ...(!wantsReply && operation('process')),
    ...given(ATTRIBUTE.EXCHANGE, target.exchange),
    ...given(ATTRIBUTE.SERVER, target.server),
    ...given(ATTRIBUTE.VERSION, version),
    ...given(ATTRIBUTE.MESSAGING_MESSAGE_ID, wantsReply ? messageId : undefined),
    ...repetition(attemptIn(context)),
    ...requestId(context),
  };
}

/** Returns the attributes of notifications that are handled. Those of a batch have only what they have in common. */
export function attributesOfServedNotifications(served: ServedNotifications): Attributes {
  const { notifications, broker, handler } = served;
  const [first, ...others] = notifications;
  return {
    ...messaging(broker, topicOf(served), 'receive'),
    ...operation('process'),
    [ATTRIBUTE.CODE_FUNCTION_NAME]: handler,
    ...given(ATTRIBUTE.PRIORITY, first?.priority),
    ...(others.length > 0
      ? { [ATTRIBUTE.MESSAGING_BATCH_MESSAGE_COUNT]: notifications.length }
      : {
          ...given(ATTRIBUTE.EVENT_TYPE, first?.eventType),
          ...given(ATTRIBUTE.MESSAGING_MESSAGE_ID, first?.messageId),
          ...requestId(first?.context ?? {}),
        }),
  };
}

/** Returns the topic of a queue of notifications, `<topic>.<priority>`; the name of the queue for that of a pool. */
export function topicOf({ queue, notifications }: ServedNotifications): string {
  const suffix = `.${notifications[0]?.priority}`;
  return queue.endsWith(suffix) ? queue.slice(0, -suffix.length) : queue;
}

function rpc(namespace: string | undefined): Attributes {
  const system = { [ATTRIBUTE.RPC_SYSTEM_NAME]: RPC_SYSTEM, [ATTRIBUTE.RPC_SYSTEM]: RPC_SYSTEM };
  return { ...system, ...given(ATTRIBUTE.RPC_SERVICE, namespace) };
}

function messaging(broker: BrokerKind, topic: string, name: string): Attributes {
  return {
    [ATTRIBUTE.MESSAGING_SYSTEM]: SYSTEMS[broker],
    [ATTRIBUTE.MESSAGING_DESTINATION_NAME]: topic,
    [ATTRIBUTE.MESSAGING_OPERATION]: name,
  };
}

function operation(type: 'send' | 'process'): Attributes {
  return { [ATTRIBUTE.MESSAGING_OPERATION_NAME]: type, [ATTRIBUTE.MESSAGING_OPERATION_TYPE]: type };
}

function repetition(attempt: number): Attributes {
  return attempt > 1 ? { [ATTRIBUTE.ATTEMPT]: attempt } : {};
}

function requestId(context: Readonly<Record<string, unknown>>): Attributes {
  const { request_id: id } = context;
  return given(ATTRIBUTE.REQUEST_ID, typeof id === 'string' ? id : undefined);
}

function given(name: string, value: string | null | undefined): Attributes {
  return value ? { [name]: oneLine(value, MAX_LENGTH) } : {};
}
