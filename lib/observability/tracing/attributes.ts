import type { Attributes, Span } from '@opentelemetry/api';
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

/** Attributes of a span: those that it starts with, by which a sampler can decide, and those that only a recorded one gets. */
export interface SplitAttributes {
  readonly atStart: Attributes;
  readonly recorded: Attributes;
}

/** Returns the attributes that all calls or casts of a method have in common. */
export function attributesOfMethod({ kind, broker, target, method }: OutgoingMessage): SplitAttributes {
  const { exchange, topic = '', server, fanout, namespace, version } = target;
  const { atStart, recorded } = rpcAttributes(namespace);
  atStart[ATTRIBUTE.RPC_METHOD] = qualified(namespace, method);
  addMessaging(atStart, broker, topic, kind);
  if (kind === 'cast') addOperation(atStart, 'send');
  add(recorded, ATTRIBUTE.EXCHANGE, exchange);
  add(recorded, ATTRIBUTE.SERVER, server);
  add(recorded, ATTRIBUTE.VERSION, version);
  if (fanout) recorded[ATTRIBUTE.FANOUT] = true;
  return { atStart, recorded };
}

/** Sets the attributes of one call or cast. @param messageId id of a call */
export function setRequest(span: Span, { attempt, context }: OutgoingMessage, messageId: string | undefined): void {
  if (messageId !== undefined) span.setAttribute(ATTRIBUTE.MESSAGING_MESSAGE_ID, messageId);
  setContext(span, attempt, context);
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
  addRequestId(attributes, context);
  return attributes;
}

/** Returns the attributes that requests of a handler have in common. The method is not known where no endpoint has it. */
export function attributesOfHandler({ request, broker, target, handler, wantsReply }: ServedRequest): SplitAttributes {
  const { namespace, method, version } = request;
  const name = qualified(namespace, method);
  const { atStart, recorded } = rpcAttributes(namespace);
  atStart[ATTRIBUTE.RPC_METHOD] = handler === undefined ? OTHER : name;
  addMessaging(atStart, broker, target.topic ?? '', 'receive');
  if (!wantsReply) addOperation(atStart, 'process');
  if (handler === undefined) add(recorded, ATTRIBUTE.RPC_METHOD_ORIGINAL, name);
  else recorded[ATTRIBUTE.CODE_FUNCTION_NAME] = handler;
  add(recorded, ATTRIBUTE.EXCHANGE, target.exchange);
  add(recorded, ATTRIBUTE.SERVER, target.server);
  add(recorded, ATTRIBUTE.VERSION, version);
  return { atStart, recorded };
}

/** Sets the attributes of one request that is handled. */
export function setServed(span: Span, { request, messageId, wantsReply }: ServedRequest): void {
  if (wantsReply && messageId) span.setAttribute(ATTRIBUTE.MESSAGING_MESSAGE_ID, oneLine(messageId, MAX_LENGTH));
  setContext(span, attemptIn(request.context), request.context);
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
  addRequestId(attributes, first?.context ?? {});
  return attributes;
}

/** Returns the topic of notifications. */
export function topicOf({ queue, notifications: [first] }: ServedNotifications): string {
  return first ? topicOfQueue(queue, first.priority) : queue;
}

function rpcAttributes(namespace: string | undefined): { atStart: Attributes; recorded: Attributes } {
  const recorded: Attributes = { [ATTRIBUTE.RPC_SYSTEM]: RPC_SYSTEM };
  add(recorded, ATTRIBUTE.RPC_SERVICE, namespace);
  return { atStart: { [ATTRIBUTE.RPC_SYSTEM_NAME]: RPC_SYSTEM }, recorded };
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

/** Adds the id of the request that a notification belongs to. */
function addRequestId(attributes: Attributes, { request_id: id }: Dict): void {
  if (typeof id === 'string') add(attributes, ATTRIBUTE.REQUEST_ID, id);
}

function setContext(span: Span, attempt: number, { request_id: id }: Dict): void {
  if (attempt > 1) span.setAttribute(ATTRIBUTE.ATTEMPT, attempt);
  if (typeof id === 'string' && id) span.setAttribute(ATTRIBUTE.REQUEST_ID, oneLine(id, MAX_LENGTH));
}

/** Adds a text, which may come from the wire, unless it is missing or empty. */
function add(attributes: Attributes, name: string, value: string | null | undefined): void {
  if (value) attributes[name] = oneLine(value, MAX_LENGTH);
}
