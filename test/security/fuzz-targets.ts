import { inspect } from 'node:util';
import {
  fields,
  MessagingException,
  NotificationFilter,
  RequestContext,
  RequestContextSerializer,
  registerRemoteException,
  Target,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import { Counters } from '../../lib/core/counters.js';
import { decodeEnvelope } from '../../lib/core/envelope.js';
import { InvalidMessage } from '../../lib/core/errors.js';
import { deserializeFailure, serializeFailure } from '../../lib/core/failure.js';
import { parseJson, stringifyJson } from '../../lib/core/json.js';
import { oneLine } from '../../lib/core/logger.js';
import { readNotification } from '../../lib/core/notification.js';
import { findReplyAddress } from '../../lib/core/reply-address.js';
import { type RpcRequest, readReply, readRequest } from '../../lib/core/rpc-message.js';
import { withoutSecrets } from '../../lib/core/secrets.js';
import { normalizeOptions } from '../../lib/core/settings.js';
import { InboxRequest } from '../../lib/drivers/inbox/inbox-request.js';
import { RequestSignals } from '../../lib/drivers/inbox/request-signals.js';
import { decompress } from '../../lib/drivers/rabbit/wire/compression.js';
import { FrameSplitter } from '../../lib/drivers/rabbit/wire/frame-splitter.js';
import { IncomingContent, type RawDelivery } from '../../lib/drivers/rabbit/wire/incoming-content.js';
import { readLine } from '../../lib/nest/log-line.js';
import { OsloRpcContext } from '../../lib/nest/oslo-rpc-context.js';
import { globToRegExp } from '../../lib/notify/glob.js';
import { heartbeatInterval } from '../../lib/rpc/dispatcher.js';
import { MethodTable } from '../../lib/rpc/method-table.js';

const limits = { bodyBytes: 4 * 2 ** 20, depth: 100 };

class Picky extends Error {
  constructor(...args: string[]) {
    super(args.map((one) => one.toUpperCase()).join());
  }
}
registerRemoteException(Picky, { module: 'picky' });

@VersionedObject({ version: '1.2' })
class Port {
  @VersionedField(fields.string().nullable())
  name: string | null = null;
  @VersionedField(fields.integer())
  number: number | bigint = 0;
  @VersionedField(fields.dateTime())
  since = new Date(0);
}
void Port;

const objects = new VersionedObjectSerializer();

/** Runs the work; lets errors of these classes pass, and no others. */
function allowing<T>(classes: (abstract new (...args: never[]) => Error)[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (classes.some((one) => error instanceof one)) return undefined;
    throw error;
  }
}

const table = new MethodTable();
table.add(new Target({ version: '1.0', namespace: 'ns' }), 'echo', { expected: [], handle: () => 1 });
const contexts = new RequestContextSerializer();
const star = globToRegExp('*a*[0-9]*?*.end');
const filter = new NotificationFilter({
  eventType: star,
  context: { 'a.b': 'x', user_id: '.*' },
  payload: { x: '^a' },
});
const terms = { signals: new RequestSignals(), atLeastOnce: false };
const driver = { settings: normalizeOptions(), counters: new Counters() };
const incoming = (read: RpcRequest) =>
  new InboxRequest(read, Number.POSITIVE_INFINITY, driver, { sendReply: () => undefined }, terms);

function request(body: Buffer): void {
  const read = allowing([InvalidMessage], () => readRequest(decodeEnvelope(body, limits)));
  if (!read) {
    findReplyAddress(body, limits.bodyBytes);
    return;
  }
  heartbeatInterval(read.callMonitorTimeout);
  table.deliveryOf(read, 'at-most-once');
  if (!table.lookup(read) && !(table.refusalOf(read) instanceof MessagingException)) throw new Error('no refusal');
  const context = new OsloRpcContext(incoming(read), new Target({ topic: 't' }), contexts);
  const carried: unknown = context.getRequestContext();
  if (!(carried instanceof RequestContext)) throw new Error('no request context');
  void [carried.userId, carried.roles, carried.isAdmin, carried.elevated().toDict()];
  for (const value of [carried, read.context]) {
    inspect(value, { depth: 5 });
    stringifyJson(value);
  }
  withoutSecrets('a text with a secret in it', read.context);
  allowing([MessagingException], () => objects.deserializeEntity(read.context, read.args));
}

function reply(body: Buffer): void {
  const read = allowing([InvalidMessage], () => readReply(decodeEnvelope(body, limits)));
  if (read && read.failure !== null) failure(Buffer.from(read.failure));
}

function failure(body: Buffer): void {
  const error = deserializeFailure(body.toString(), new Set(['picky', 'os']), {});
  if (!(error instanceof Error) || typeof error.message !== 'string') throw new Error('no error came of it');
  inspect(error, { depth: 5 });
  JSON.parse(serializeFailure(error));
}

function notification(body: Buffer): void {
  const read = allowing([InvalidMessage], () => readNotification(decodeEnvelope(body, limits)));
  if (read) filter.match({ ...read, metadata: { timestamp: read.timestamp } });
}

function json(body: Buffer): void {
  const value = allowing([SyntaxError, RangeError], () => ({ parsed: parseJson(body.toString(), limits) }));
  if (value) parseJson(stringifyJson(value.parsed) as string, { depth: limits.depth + 1 });
}

function text(body: Buffer): void {
  const words = body.toString();
  if (/[\r\n\u0000\u0085]/.test(oneLine(words))) throw new Error('it is more than one line');
  readLine(words, [words, undefined, words]);
  star.test(words);
  heartbeatInterval(words);
}

function compressed(body: Buffer): void {
  allowing([InvalidMessage], () => decompress(body, 'application/x-gzip', limits));
}

const HEADS = 7;
const frame = (type: number, payload: Buffer) => {
  const head = Buffer.from([type, 0, 1, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, HEADS - 4);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
};
/** basic.deliver with an empty consumer tag, number 1, to an exchange and a key without a name. */
const deliver = frame(1, Buffer.from([0, 60, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]));
const sound = Buffer.from('the message behind it');
const headOf = (size: number, properties: Buffer) => {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(60, 0);
  head.writeUInt32BE(size, 8);
  return frame(2, Buffer.concat([head, properties]));
};
const NONE = Buffer.from([0, 0]);

function received(stream: Buffer): RawDelivery[] {
  const deliveries: RawDelivery[] = [];
  const content = new IncomingContent({ delivered: (_tag, raw) => void deliveries.push(raw) });
  const splitter = new FrameSplitter((bytes, start, end) => void content.take(bytes, start, end), 8 * 2 ** 20);
  for (let at = 0; at < stream.length; at += 4096) splitter.push(stream.subarray(at, at + 4096));
  return deliveries;
}

/** A broker may be anybody, before it has shown its certificate: what it sends ends its own connection at most. */
function frames(body: Buffer): void {
  for (const stream of [body, Buffer.concat([deliver, body]), Buffer.concat([deliver, frame(2, body)])]) {
    try {
      received(stream);
    } catch (error) {
      if (!(error instanceof RangeError) && !/^The broker sent/.test((error as Error).message)) throw error;
    }
  }
}

/** A sender's headers reach us as they are: the message, and the one behind it, arrive all the same. */
function headers(body: Buffer): void {
  for (const flags of [0x2000, 0x2100, 0xffff]) {
    const table = Buffer.alloc(6);
    table.writeUInt16BE(flags, 0);
    table.writeUInt32BE(body.length, 2);
    const hostile = [headOf(0, Buffer.concat([table, body])), headOf(0, Buffer.concat([table.subarray(0, 2), body]))];
    for (const head of hostile) {
      const deliveries = received(Buffer.concat([deliver, head, deliver, headOf(sound.length, NONE), frame(3, sound)]));
      if (deliveries.length !== 2 || !deliveries[1]?.body.equals(sound))
        throw new Error('the next message did not arrive');
      for (const value of deliveries[0]?.properties.headers.values() ?? []) inspect(value);
    }
  }
}

/** Everything that bytes from a peer go through, by name. None may throw. */
export const targets: Readonly<Record<string, (body: Buffer) => void>> = {
  request,
  reply,
  failure,
  notification,
  json,
  text,
  compressed,
  frames,
  headers,
};
