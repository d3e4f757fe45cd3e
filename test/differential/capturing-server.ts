import { randomBytes } from 'node:crypto';
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import { amqpUrl } from '../../testkit/amqp.js';
import { isDenying } from '../../testkit/release.js';
import type { Answer } from './client-request.js';
import { dict, member, NULL, readTree, string, type Tree, textOf, writeTree } from './json-tree.js';
import { type RawMessage, rawMessage } from './raw-caller.js';

/** A request as a client published it, read as far as JSON goes. */
export interface Capture {
  raw: RawMessage;
  envelope: Tree;
  message: Tree;
}

/** Stands where a server would be: keeps the requests, which name themselves by the context key `request`, and answers calls as told. */
export class CapturingServer {
  private readonly captures = new Map<string, Capture>();
  private readonly waiting = new Map<string, (capture: Capture) => void>();

  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
    private readonly answerOf: (request: string) => Answer | undefined,
  ) {}

  static async open(
    url: string,
    topic: string,
    answerOf: (request: string) => Answer | undefined,
  ): Promise<CapturingServer> {
    const connection = await connect(amqpUrl(url), { noDelay: true });
    const channel = await connection.createChannel();
    const server = new CapturingServer(connection, channel, answerOf);
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.assertExchange('tacker', 'topic', { durable: isDenying, autoDelete: false });
    await channel.bindQueue(queue, 'tacker', topic);
    await channel.bindQueue(queue, 'tacker', `${topic}.#`);
    await channel.assertExchange(`${topic}_fanout`, 'fanout', { durable: isDenying, autoDelete: true });
    await channel.bindQueue(queue, `${topic}_fanout`, '');
    await channel.consume(queue, (message) => message && server.take(message), { noAck: true });
    return server;
  }

  /** Resolves with the request of that name, when it has come. */
  captured(request: string): Promise<Capture> {
    const capture = this.captures.get(request);
    if (capture) return Promise.resolve(capture);
    return new Promise((resolve) => {
      this.waiting.set(request, resolve);
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private take(delivery: ConsumeMessage): void {
    const raw = rawMessage(delivery);
    const envelope = readTree(raw.body.toString('utf8'));
    const message = readTree(textOf(member(envelope, 'oslo.message')) ?? 'null');
    const request = textOf(member(message, '_context_request')) ?? '';
    const capture = { raw, envelope, message };
    this.captures.set(request, capture);
    this.waiting.get(request)?.(capture);
    this.answer(message, this.answerOf(request));
  }

  private answer(message: Tree, answer: Answer | undefined): void {
    const [replyQueue, msgId] = ['_reply_q', '_msg_id'].map((name) => textOf(member(message, name)));
    if (!replyQueue || !msgId || !answer) return;
    const { result, failure, form } = answer;
    const send = (one: Tree, ending: boolean) => {
      const reply = dict([
        ['result', one],
        ['failure', failure === null ? NULL : string(failure)],
        ['ending', { kind: 'bool', value: ending }],
        ['_msg_id', string(msgId)],
        ['_unique_id', string(randomBytes(16).toString('hex'))],
      ]);
      const body = dict([
        ['oslo.version', string('2.0')],
        ['oslo.message', string(writeTree(reply, true))],
      ]);
      const properties = { contentType: 'application/json', contentEncoding: 'utf-8', headers: {} };
      this.channel.publish('', replyQueue, Buffer.from(writeTree(body, true)), properties);
    };
    if (form === 'after a heartbeat') send(NULL, false);
    if (form === 'two parts') send(result, false);
    send(form === 'two parts' ? NULL : result, true);
  }
}
