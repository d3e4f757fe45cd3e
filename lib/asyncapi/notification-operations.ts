import { globToRegExp, notificationQueue, PRIORITIES } from '../internal.js';
import type { Broker, Brokers } from './brokers.js';
import { describedQueue, exchangeBinding, OPERATION_BINDINGS } from './channel-bindings.js';
import type { DescribedNotifications } from './described-api.js';
import type { JsonSchema } from './document.js';
import type { DocumentParts } from './document-parts.js';
import { CONTEXT } from './message-schemas.js';
import { compare } from './names.js';

/** Adds the operations of notification handlers to a document. */
export function addNotificationOperations(
  parts: DocumentParts,
  brokers: Brokers,
  all: readonly DescribedNotifications[],
): void {
  const ordered = [...all].sort((one, other) => compare(one.handler, other.handler));
  for (const described of ordered) {
    const broker = brokers.of(described.broker, 'notifications');
    const topics = [...new Set(described.topics ?? broker.settings.notificationTopics)].sort(compare);
    for (const topic of topics) addOperation(parts, brokers, broker, described, topic, topics.length > 1);
  }
}

function addOperation(
  parts: DocumentParts,
  brokers: Brokers,
  broker: Broker,
  described: DescribedNotifications,
  topic: string,
  severalTopics: boolean,
): void {
  const { handler, priorities, pool, eventTypes, filter } = described;
  const exchange = described.exchange ?? broker.settings.controlExchange;
  const channel = channelOf(parts, brokers, broker, exchange, topic);
  const name = severalTopics ? `${handler}.${topic}` : handler;
  const message = parts.message(`${name}.notification`, {
    title: eventTypes.length > 0 ? `Notification ${eventTypes.map(String).join(', ')}` : 'Notification',
    summary: 'The driver messagingv2 sends the message in the envelope, the driver messaging without it.',
    schema: notificationSchema(described),
  });
  const types = eventTypes.map(patternText);
  parts.operation(name, {
    action: 'receive',
    title: name,
    summary: `${handler}: notifications of the priorities ${priorities.join(', ')}`,
    description: descriptionOf(described, types),
    channel: { $ref: `#/channels/${channel}` },
    messages: parts.within(channel, [message]),
    tags: [{ name: topic, description: `Notifications on the topic \`${topic}\`` }],
    ...(broker.servers.length > 0 && { bindings: OPERATION_BINDINGS }),
    'x-oslo-notifications': {
      topic,
      exchange,
      priorities: [...priorities],
      eventTypes: types,
      ...(Object.keys(filter).length > 0 && { filter: textOf(filter) }),
      ...(pool !== undefined && { pool }),
      handler,
    },
  });
}

function channelOf(parts: DocumentParts, brokers: Brokers, broker: Broker, exchange: string, topic: string): string {
  const key = JSON.stringify(['notifications', broker.vhost, broker.servers, exchange, topic]);
  return parts.channel(key, topic, () => {
    const servers = brokers.onlyAt(broker);
    const address = `${topic}.{priority}`;
    const { rabbit } = broker.settings;
    const queue = describedQueue(address, notificationQueue(exchange, address, rabbit), broker);
    return {
      address,
      title: `${topic} (notifications)`,
      description: `Notifications of the topic \`${topic}\`. Each priority has a queue, which publishers declare, too: none is lost before the first listener starts.`,
      parameters: {
        priority: {
          description: 'Priority of the notification, in lower case',
          enum: PRIORITIES,
        },
      },
      ...(servers && { servers }),
      ...exchangeBinding(exchange, 'topic', broker),
      ...(broker.servers.length > 0 && { 'x-oslo-queues': [queue] }),
    };
  });
}

function descriptionOf({ pool, filter }: DescribedNotifications, types: readonly string[]): string {
  const rules = Object.entries(textOf(filter) as object).map(
    ([field, rule]) => `${field} ${typeof rule === 'string' ? rule : JSON.stringify(rule)}`,
  );
  return [
    types.length > 0 ? `Event types: ${types.map((type) => `\`${type}\``).join(', ')}.` : 'All event types.',
    ...(rules.length > 0 ? [`Filter: \`${rules.join('; ')}\`.`] : []),
    pool === undefined
      ? 'Each notification goes to one of the listeners of the topic.'
      : `The listeners of the pool \`${pool}\` share a copy of each notification.`,
  ].join('\n\n');
}

function notificationSchema({ priorities, eventTypes, filter, payload, handler }: DescribedNotifications): JsonSchema {
  const text = { type: 'string' };
  const publisher = filter['publisherId'];
  return {
    title: `${handler}: notification`,
    type: 'object',
    required: ['message_id', 'publisher_id', 'event_type', 'priority', 'payload', 'timestamp'],
    properties: {
      message_id: { ...text, description: 'Id of the notification, a UUID' },
      publisher_id: {
        ...text,
        description: 'Sender, usually `<service>.<host>`',
        ...(publisher instanceof RegExp && ecmaPattern(publisher)),
        ...(typeof publisher === 'string' && { 'x-python-pattern': publisher }),
      },
      event_type: eventTypeSchema(eventTypes),
      priority: { ...text, enum: priorities.map((priority) => priority.toUpperCase()) },
      payload,
      timestamp: { ...text, description: 'Time of sending in UTC, such as `2026-01-31 12:00:00.000000`' },
      _unique_id: { ...text, description: 'Id of one publish. Receivers drop duplicates by it' },
    },
    patternProperties: CONTEXT,
  };
}

const IS_GLOB = /[*?[]/;

function eventTypeSchema(types: readonly (string | RegExp)[]): JsonSchema {
  const schemas = types.map((type) => {
    if (type instanceof RegExp) return ecmaPattern(type);
    return IS_GLOB.test(type) ? { pattern: globToRegExp(type).source } : { const: type };
  });
  const [first = {}, ...others] = schemas;
  return { type: 'string', ...(others.length > 0 ? { anyOf: schemas } : first) };
}

/** A regular expression is matched at the beginning. JSON Schema has no flags. */
function ecmaPattern({ source, flags }: RegExp): Readonly<Record<string, string>> {
  return flags.replace(/[gsuyv]/g, '') === '' ? { pattern: `^(?:${source})` } : { 'x-pattern': `/${source}/${flags}` };
}

const patternText = (type: string | RegExp): string => String(type);

/** Returns patterns as plain data. */
function textOf(value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, textOf(inner)]));
}
