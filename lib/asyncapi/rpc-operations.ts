import { ConfigurationError } from '../internal.js';
import type { Brokers } from './brokers.js';
import { OPERATION_BINDINGS } from './channel-bindings.js';
import type { DescribedMethod } from './described-api.js';
import type { AsyncApiReply } from './document.js';
import type { DocumentParts } from './document-parts.js';
import { FAILURE, failureReplySchema, heartbeatSchema, requestSchema, resultSchema } from './message-schemas.js';
import { compare } from './names.js';
import { RpcChannels, type RpcPlace } from './rpc-channels.js';

/** Place of the id that ties a reply to its call. The message is JSON text inside of the envelope. */
const CORRELATION = {
  location: '$message.payload#/oslo.message/_msg_id',
  description: 'Member `_msg_id` of the message, which is the JSON text in `oslo.message`',
} as const;
const REPLY_ADDRESS = {
  location: '$message.payload#/oslo.message/_reply_q',
  description: 'Member `_reply_q` of the message, which is the JSON text in `oslo.message`: the queue of the caller',
} as const;

/** Adds the operations of RPC methods to a document. @throws ConfigurationError for a method without a topic */
export function addRpcOperations(parts: DocumentParts, brokers: Brokers, methods: readonly DescribedMethod[]): void {
  const channels = new RpcChannels(parts, brokers);
  const placed = methods.map((method) => ({ method, place: placeOf(method, brokers) }));
  placed.sort((one, other) => compare(orderOf(one), orderOf(other)));
  for (const { method, place } of placed) {
    const isAmbiguous = placed.some((other) => other.method !== method && nameOf(other) === nameOf({ method, place }));
    const name = isAmbiguous ? `${nameOf({ method, place })}.v${method.version}` : nameOf({ method, place });
    addOperation(parts, channels, method, place, name);
  }
}

interface Placed {
  readonly method: DescribedMethod;
  readonly place: RpcPlace;
}

function placeOf({ broker: name, exchange, topic, method }: DescribedMethod, brokers: Brokers): RpcPlace {
  const broker = brokers.of(name, 'rpc');
  const { settings } = broker;
  const served = topic ?? settings.topic;
  if (served === undefined)
    throw new ConfigurationError(
      `The RPC method "${method}" has no topic: set topic in @RpcEndpoint or in the options of the server, or give it: createAsyncApiDocument(app, info, { messaging: { topic } })`,
      { method },
    );
  return { broker, exchange: exchange ?? settings.controlExchange, topic: served };
}

function nameOf({ method: { namespaces, method }, place: { topic } }: Placed): string {
  return [topic, namespaces[0], method].filter((part) => part !== undefined).join('.');
}

function orderOf({ method, place }: Placed): string {
  const { namespaces, version, broker = '' } = method;
  return JSON.stringify([place.topic, place.exchange, namespaces[0] ?? '', method.method, version, broker]);
}

function addOperation(
  parts: DocumentParts,
  channels: RpcChannels,
  method: DescribedMethod,
  place: RpcPlace,
  name: string,
): void {
  const { kind, fanout, toServer, namespaces, version, since, idempotent, handler } = method;
  const isReplied = kind !== 'cast';
  const channel = fanout ? channels.fanout(place) : toServer ? channels.server(place) : channels.topic(place);
  const request = parts.message(`${name}.request`, {
    title: `Request ${method.method}`,
    summary: 'Keyword arguments are members of args. Members that begin with _context_ are the request context.',
    schema: requestSchema(method),
    ...(isReplied && { correlationId: CORRELATION }),
  });
  parts.operation(name, {
    action: 'receive',
    title: titleOf(method),
    summary: summaryOf(method),
    description: descriptionOf(method, place),
    channel: { $ref: `#/channels/${channel}` },
    messages: parts.within(channel, [request]),
    tags: [{ name: place.topic, description: `RPC on the topic \`${place.topic}\`` }],
    ...(isReplied && { reply: replyOf(parts, channels, method, place, name) }),
    ...(place.broker.servers.length > 0 && { bindings: OPERATION_BINDINGS }),
    'x-oslo-rpc': {
      method: method.method,
      topic: place.topic,
      exchange: place.exchange,
      namespaces: namespaces.map((namespace) => namespace ?? null),
      version,
      since,
      kind: fanout ? 'fanout cast' : kind === 'either' ? 'call or cast' : kind,
      idempotent,
      ...(handler !== undefined && { handler }),
    },
  });
}

function replyOf(
  parts: DocumentParts,
  channels: RpcChannels,
  { method, result }: DescribedMethod,
  { broker }: RpcPlace,
  name: string,
): AsyncApiReply {
  const channel = channels.replies(broker);
  const answer = parts.message(`${name}.result`, {
    title: `Result of ${method}`,
    summary: 'The handler has returned.',
    schema: resultSchema(method, result),
    correlationId: CORRELATION,
  });
  const failure = parts.sharedMessage('oslo.failure', () => ({
    title: 'Failure',
    summary: 'The handler has thrown, or the request was refused. The member failure is JSON text.',
    schema: failureReplySchema(parts.book.reference(FAILURE, 'oslo.failure', () => FAILURE)),
    correlationId: CORRELATION,
  }));
  const heartbeat = parts.sharedMessage('oslo.heartbeat', () => ({
    title: 'Heartbeat',
    summary: 'The handler still runs. Sent every half of _timeout where the request has one.',
    schema: heartbeatSchema(),
    correlationId: CORRELATION,
  }));
  return {
    address: REPLY_ADDRESS,
    channel: { $ref: `#/channels/${channel}` },
    messages: parts.within(channel, [answer, failure, heartbeat]),
  };
}

function titleOf({ method, namespaces: [namespace] }: DescribedMethod): string {
  return namespace === undefined ? method : `${namespace}.${method}`;
}

const KINDS = { call: 'call', cast: 'cast', either: 'call or cast' } as const;

function summaryOf(method: DescribedMethod): string {
  const { kind, fanout, since, toServer } = method;
  const to = fanout ? ' to all servers' : toServer ? ' to one server' : '';
  return `${titleOf(method)}: ${KINDS[kind]}${to}, version ${since}`;
}

function descriptionOf(described: DescribedMethod, { topic }: RpcPlace): string {
  const { kind, namespaces, version, idempotent } = described;
  const replies = {
    call: 'The server publishes the reply to the queue that the request names. Set the AMQP property `expiration` to the time that the caller waits, in milliseconds.',
    cast: 'No reply is sent.',
    either: 'A request with `_msg_id` and `_reply_q` is a call and gets a reply. Without them it is a cast.',
  };
  const named = namespaces.map((namespace) => (namespace === undefined ? 'the null namespace' : `\`${namespace}\``));
  return [
    replies[kind],
    `Served on the topic \`${topic}\` in ${named.join(' and ')}, version ${version}.`,
    ...(idempotent ? ['Idempotent: it may run twice with the same outcome.'] : []),
  ].join('\n\n');
}
