import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from 'amqplib';
import type { OsloMessagingOptions } from '../../internal.js';
import {
  Deadline,
  type Dict,
  MessageUndeliverable,
  MessagingTimeout,
  newId,
  newReplyQueueName,
  parseJson,
} from '../../internal.js';
import { CheckFailure, expect, expectSame, shown } from './expectation.js';
import { envelope, type RequestFields, requestMessage } from './raw-message.js';
import { type Reply, ReplyLog } from './reply-log.js';
import { Wire } from './wire.js';

/** Address of the peer. */
export interface PeerAddress {
  topic: string;
  exchange: string;
  /** Name of the server. @default the server that answers on the topic */
  server?: string | undefined;
  /** Maximum wait for one reply, in milliseconds. */
  timeout: number;
}

/** Self-description of the peer. */
export interface About {
  /** Name and version, e.g. `oslo.messaging 14.0.3`. */
  readonly implementation: string;
  readonly server: string;
  /** Optional features that it lacks, each with the reason. */
  readonly lacks: Readonly<Record<string, string>>;
}

/** Options of one call. */
export interface CallOptions extends RequestFields {
  /** Routing key. @default that of the server's own queue */
  to?: string;
  /** Time that the handler needs, in seconds. It is added to the maximum wait. */
  takes?: number;
}

/** End of one call. */
export interface Answer {
  readonly msgId: string;
  /** Reply that ended the call. */
  readonly reply: Reply;
}

/** Time without a second execution after which the number counts, in milliseconds. */
const SETTLE_MS = 400;

/** Server under test, and its replies. */
export class Peer {
  readonly replies = new ReplyLog();
  readonly replyQueue = newReplyQueueName();
  private described: About | undefined;

  private constructor(
    readonly wire: Wire,
    readonly address: PeerAddress,
  ) {}

  /**
   * Connects, and asks the server for its self-description.
   * @throws MessageDeliveryFailure, MessageUndeliverable or MessagingTimeout when it cannot be reached, CheckFailure when its
   * answer is incomplete
   */
  static async connect(options: OsloMessagingOptions, address: PeerAddress): Promise<Peer> {
    const peer = new Peer(await Wire.open(options), address);
    try {
      await peer.introduce();
      return peer;
    } catch (error) {
      await peer.close();
      throw error;
    }
  }

  get about(): About {
    if (!this.described) throw new CheckFailure('The self-description of the peer is not known yet');
    return this.described;
  }

  /** Routing key, and name, of the server's own queue. */
  get key(): string {
    const { topic, server } = this.address;
    return `${topic}.${this.described?.server ?? server}`;
  }

  /** Calls a method and waits for its reply. @throws MessagingTimeout, MessageUndeliverable */
  async call(method: string, args: object = {}, options: CallOptions = {}): Promise<Answer> {
    const { to = this.key, takes = 0, ...fields } = options;
    const msgId = newId();
    const message = requestMessage(method, args, fields, { msgId, replyQueue: this.replyQueue });
    await this.send(envelope(message), to, { expiration: this.milliseconds(takes) });
    return this.answer(msgId, method, takes);
  }

  /** Waits for the reply to a call that was sent. @throws MessagingTimeout */
  async answer(msgId: string, what: string, takes = 0): Promise<Answer> {
    const milliseconds = this.milliseconds(takes);
    const reply = await this.replies.ending(msgId, milliseconds);
    if (!reply) throw new MessagingTimeout(`No reply to ${shortened(what)} within ${milliseconds} ms`);
    return { msgId, reply };
  }

  /** Calls a method and returns its result. @throws CheckFailure when it failed */
  async result(method: string, args: object = {}, options: CallOptions = {}): Promise<unknown> {
    const { failure, result } = (await this.call(method, args, options)).reply.message;
    expect(failure === null, `${shortened(method)} was answered with the failure ${shown(failure)}`);
    return result;
  }

  /** Calls a method and returns its failure. @throws CheckFailure when it succeeded */
  async failure(method: string, args: object = {}, options: CallOptions = {}): Promise<Dict> {
    return failureOf(await this.call(method, args, options), method);
  }

  async cast(method: string, args: object = {}): Promise<void> {
    await this.send(envelope(requestMessage(method, args)));
  }

  /** Publishes a body. @throws MessageUndeliverable when no queue is bound for it */
  async send(body: string | Buffer, to = this.key, options: Options.Publish = {}): Promise<void> {
    const { exchange } = this.address;
    if (await this.wire.publish(exchange, to, body, options)) return;
    throw new MessageUndeliverable(`No queue is bound for "${to}" on exchange "${exchange}"`);
  }

  /** Returns the number of executions of `count` for a key, {@link SETTLE_MS} after the first one. */
  async executions(key: string): Promise<unknown> {
    const deadline = Deadline.after(this.address.timeout);
    while ((await this.result('counted', { key })) === 0 && !deadline.expired) await sleep(50);
    await sleep(SETTLE_MS);
    return this.result('counted', { key });
  }

  /** Waits for a number of executions of `count`. @throws CheckFailure, MessagingTimeout */
  async executed(key: string, times: number): Promise<void> {
    const deadline = Deadline.after(this.address.timeout);
    let counted = await this.result('counted', { key });
    while (counted !== times && !deadline.expired) {
      await sleep(50);
      counted = await this.result('counted', { key });
    }
    expectSame(counted, times, 'executions');
  }

  /** Checks that the peer still answers on both queues. @throws CheckFailure, MessagingTimeout */
  async expectAlive(): Promise<void> {
    for (const key of [this.key, this.address.topic]) {
      const token = newId();
      expectSame(await this.result('echo', { token }, { to: key }), { token }, `echo by way of "${key}"`);
    }
  }

  /** Deletes the reply queue, if the broker is reachable, and disconnects. */
  async close(): Promise<void> {
    await this.wire.deleteQueue(this.replyQueue).catch(() => undefined);
    await this.wire.close();
  }

  private milliseconds(seconds: number): number {
    return Math.ceil(this.address.timeout + seconds * 1000);
  }

  private async introduce(): Promise<void> {
    const { topic, server, exchange } = this.address;
    if (!(await this.wire.hasExchange(exchange))) {
      throw new MessageUndeliverable(`The exchange "${exchange}" does not exist, so no server has started on it`);
    }
    await this.wire.consume(this.replyQueue, (message) => this.replies.take(message));
    const about = await this.call('about', {}, { to: server === undefined ? topic : this.key });
    this.described = readAbout(about.reply.message['result']);
  }
}

/** Returns the failure in a reply. @throws CheckFailure when it has none */
export function failureOf({ reply }: Answer, method: string): Dict {
  const { failure, result } = reply.message;
  const otherwise = `${shortened(method)}: expected a failure, got the result ${shown(result)}`;
  expect(typeof failure === 'string', otherwise);
  return parseJson(failure) as Dict;
}

function readAbout(about: unknown): About {
  const { implementation, server, lacks } = (about ?? {}) as Partial<About>;
  expect(
    typeof implementation === 'string' && typeof server === 'string',
    'The server does not expose the reference endpoints (docs/reference/conformance.md): "about" gives no implementation and server',
  );
  return { implementation, server, lacks: typeof lacks === 'object' && lacks !== null ? lacks : {} };
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
