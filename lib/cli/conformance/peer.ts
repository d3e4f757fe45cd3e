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
  /** Asked for where absent. */
  server?: string | undefined;
  /** Longest wait for one reply, in milliseconds. */
  timeout: number;
}

/** Self-description of the peer. */
export interface About {
  /** E.g. `oslo.messaging 14.0.3`. */
  readonly implementation: string;
  readonly server: string;
  /** Optional features that it lacks, each with the reason. */
  readonly lacks: Readonly<Record<string, string>>;
}

/** Options of one call. */
export interface CallOptions extends RequestFields {
  /** Routing key; the server's own where absent. */
  to?: string;
  /** Seconds that the handler needs, on top of the time to wait. */
  takes?: number;
}

/** End of one call. */
export interface Answer {
  readonly msgId: string;
  /** The reply that ended it. */
  readonly reply: Reply;
}

/** Time in which a second execution must not happen. */
const QUIET_MS = 400;

/** A server under test, addressed by its name, and the replies that it sends. */
export class Peer {
  readonly replies = new ReplyLog();
  readonly replyQueue = newReplyQueueName();
  private described: About | undefined;

  private constructor(
    readonly wire: Wire,
    readonly address: PeerAddress,
  ) {}

  /**
   * Connects, and asks the server who it is.
   * @throws MessageDeliveryFailure, MessageUndeliverable, MessagingTimeout, or CheckFailure when it does not say
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
    if (!this.described) throw new CheckFailure('The peer has not been asked who it is');
    return this.described;
  }

  /** Routing key, and name, of the server's own queue. */
  get key(): string {
    const { topic, server } = this.address;
    return `${topic}.${this.described?.server ?? server}`;
  }

  /** Calls a method and waits for the end of it. @throws MessagingTimeout, MessageUndeliverable */
  async call(method: string, args: object = {}, options: CallOptions = {}): Promise<Answer> {
    const { to = this.key, takes = 0, ...fields } = options;
    const msgId = newId();
    const message = requestMessage(method, args, fields, { msgId, replyQueue: this.replyQueue });
    await this.send(envelope(message), to, { expiration: this.milliseconds(takes) });
    return this.answer(msgId, method, takes);
  }

  /** Waits for the end of a call that has been sent. @throws MessagingTimeout */
  async answer(msgId: string, what: string, takes = 0): Promise<Answer> {
    const milliseconds = this.milliseconds(takes);
    const reply = await this.replies.ending(msgId, milliseconds);
    if (!reply) throw new MessagingTimeout(`No reply to ${shortened(what)} within ${milliseconds} ms`);
    return { msgId, reply };
  }

  /** The result of a call. @throws CheckFailure when it failed */
  async result(method: string, args: object = {}, options: CallOptions = {}): Promise<unknown> {
    const { failure, result } = (await this.call(method, args, options)).reply.message;
    expect(failure === null, `${shortened(method)} was answered with the failure ${shown(failure)}`);
    return result;
  }

  /** The failure of a call. @throws CheckFailure when there was none */
  async failure(method: string, args: object = {}, options: CallOptions = {}): Promise<Dict> {
    return failureOf(await this.call(method, args, options), method);
  }

  async cast(method: string, args: object = {}): Promise<void> {
    await this.send(envelope(requestMessage(method, args)));
  }

  /** @throws MessageUndeliverable when no queue takes it */
  async send(body: string | Buffer, to = this.key, options: Options.Publish = {}): Promise<void> {
    const { exchange } = this.address;
    if (await this.wire.publish(exchange, to, body, options)) return;
    throw new MessageUndeliverable(`No queue takes messages for "${to}" on exchange "${exchange}"`);
  }

  /** Returns the number of executions of `count` for a key, some time after the first one. */
  async executions(key: string): Promise<unknown> {
    const deadline = Deadline.after(this.address.timeout);
    while ((await this.result('counted', { key })) === 0 && !deadline.expired) await sleep(50);
    await sleep(QUIET_MS);
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

  /** Leaves no queue behind, unless the broker is gone. */
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
      throw new MessageUndeliverable(`There is no exchange "${exchange}": nobody listens there`);
    }
    await this.wire.consume(this.replyQueue, (message) => this.replies.take(message));
    const about = await this.call('about', {}, { to: server === undefined ? topic : this.key });
    this.described = readAbout(about.reply.message['result']);
  }
}

/** The failure that a call was answered with. @throws CheckFailure when there was none */
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
