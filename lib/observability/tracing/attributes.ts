import type { Attributes } from '@opentelemetry/api';
import {
  attemptIn,
  type BrokerKind,
  type Dict,
  type OutgoingMessage,
  oneLine,
  type ServedNotifications,
  type ServedRequest,
  topicOfQueue,
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
  /** Class of an error that the handler has announced. */
  EXPECTED_EXCEPTION: 'oslo_messaging.expected_exception',
  /** Number of the attempt, for a request that is sent again. */
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

/** Returns the attributes that all calls or casts of a method have in common; each is the caller's to add to. */
export function attributesOfMethod({ kind, broker, target, method }: OutgoingMessage): Attributes {
  const { exchange, topic = '', server, fanout, namespace, version } = target;
  const attributes = rpcAttributes(namespace);
  attributes[ATTRIBUTE.RPC_METHOD] = qualified(namespace, method);
  addMessaging(attributes, broker, topic, kind);
  if (kind === 'cast') addOperation(attributes, 'send');
  add(attributes, ATTRIBUTE.EXCHANGE, exchange);
  add(attributes, ATTRIBUTE.SERVER, server);
  add(attributes, ATTRIBUTE.VERSION, version);
  if (fanout) attributes[ATTRIBUTE.FANOUT] = true;
  return attributes;
}

/** Returns the attributes of a call or cast. @param common attributes of the method @param messageId id of a call */
export function attributesOfRequest(
  common: Attributes,
  { attempt, context }: OutgoingMessage,
  messageId: string | undefined,
): Attributes {
  const attributes = { ...common };
  if (messageId !== undefined) attributes[ATTRIBUTE.MESSAGING_MESSAGE_ID] = messageId;
  addRequest(attributes, attempt, context);
  return attributes;
}

/** Returns the attributes of a notification that is sent. */
export function attributesOfNotification(message: OutgoingMessage): Attributes {
  const { broker, target, method, context, notification } = message;
  const attributes: Attributes = {};
  addMessaging(attributes, broker, target.topic ?? '', 'notify');
  addOperation(attributes, 'send');
  add(attributes, ATTRIBUTE.EXCHANGE, target.exchange);
  add(attributes, ATTRIBUTE.EVENT_TYPE, method);
  add(attributes, ATTRIBUTE.PRIORITY, notification?.priority);
  add(attributes, ATTRIBUTE.MESSAGING_MESSAGE_ID, notification?.messageId);
  addRequest(attributes, 1, context);
  return attributes;
}

/** Returns the attributes that requests of a handler have in common. The method is not known where no endpoint has it. */
export function attributesOfHandler({ request, broker, target, handler, wantsReply }: ServedRequest): Attributes {
  const { namespace, method, version } = request;
  const name = qualified(namespace, method);
  const attributes = rpcAttributes(namespace);
  attributes[ATTRIBUTE.RPC_METHOD] = handler === undefined ? OTHER : name;
  if (handler === undefined) add(attributes, ATTRIBUTE.RPC_METHOD_ORIGINAL, name);
  else attributes[ATTRIBUTE.CODE_FUNCTION_NAME] = handler;
  addMessaging(attributes, broker, target.topic ?? '', 'receive');
  if (!wantsReply) addOperation(attributes, 'process');
  add(attributes, ATTRIBUTE.EXCHANGE, target.exchange);
  add(attributes, ATTRIBUTE.SERVER, target.server);
  add(attributes, ATTRIBUTE.VERSION, version);
  return attributes;
}

/** Returns the attributes of a request that is handled. @param common attributes of its handler */
export function attributesOfServed(common: Attributes, { request, messageId, wantsReply }: ServedRequest): Attributes {
  const attributes = { ...common };
  if (wantsReply) add(attributes, ATTRIBUTE.MESSAGING_MESSAGE_ID, messageId);
  addRequest(attributes, attemptIn(request.context), request.context);
  return attributes;
}

/** Returns the attributes of notifications that are handled. Those of a batch have only what they have in common. */
export function attributesOfServedNotifications(served: ServedNotifications): Attributes {
  const { notifications, broker, handler } = served;
  const [first, ...others] = notifications;
  const attributes: Attributes = {};
  addMessaging(attributes, broker, topicOf(served), 'receive');
  addOperation(attributes, 'process');
  attributes[ATTRIBUTE.CODE_FUNCTION_NAME] = handler;
  add(attributes, ATTRIBUTE.PRIORITY, first?.priority);
  if (others.length > 0) {
    attributes[ATTRIBUTE.MESSAGING_BATCH_MESSAGE_COUNT] = notifications.length;
    return attributes;
  }
  add(attributes, ATTRIBUTE.EVENT_TYPE, first?.eventType);
  add(attributes, ATTRIBUTE.MESSAGING_MESSAGE_ID, first?.messageId);
  addRequest(attributes, 1, first?.context ?? {});
  return attributes;
}

/** Returns the topic of notifications. */
export function topicOf({ queue, notifications: [first] }: ServedNotifications): string {
  return first ? topicOfQueue(queue, first.priority) : queue;
}

function rpcAttributes(namespace: string | undefined): Attributes {
  const attributes: Attributes = { [ATTRIBUTE.RPC_SYSTEM_NAME]: RPC_SYSTEM, [ATTRIBUTE.RPC_SYSTEM]: RPC_SYSTEM };
  add(attributes, ATTRIBUTE.RPC_SERVICE, namespace);
  return attributes;
}

function addMessaging(attributes: Attributes, broker: BrokerKind, topic: string, name: string): void {
  attributes[ATTRIBUTE.MESSAGING_SYSTEM] = SYSTEMS[broker];
  attributes[ATTRIBUTE.MESSAGING_DESTINATION_NAME] = topic;
  attributes[ATTRIBUTE.MESSAGING_OPERATION] = name;
}

function addOperation(attributes: Attributes, type: 'send' | 'process'): void {
  attributes[ATTRIBUTE.MESSAGING_OPERATION_NAME] = type;
  attributes[ATTRIBUTE.MESSAGING_OPERATION_TYPE] = type;
}

/** Adds the parts of one request. */
function addRequest(attributes: Attributes, attempt: number, { request_id: id }: Dict): void {
  if (attempt > 1) attributes[ATTRIBUTE.ATTEMPT] = attempt;
  if (typeof id === 'string') add(attributes, ATTRIBUTE.REQUEST_ID, id);
}

/** Adds a text, which may come from the wire, unless it is missing or empty. */
function add(attributes: Attributes, name: string, value: string | null | undefined): void {
  if (value) attributes[name] = oneLine(value, MAX_LENGTH);
}
