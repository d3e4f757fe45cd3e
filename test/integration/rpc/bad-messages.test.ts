import { randomBytes } from 'node:crypto';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type LogSink,
  MessagingException,
  type NotificationListener,
  OsloServer,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { failureClass, readReply } from '../../differential/observation.js';
import { RawCaller } from '../../differential/raw-caller.js';
import {
  type BadBody,
  type BadReply,
  type BadRequest,
  badNotifications,
  badReplies,
  badRequests,
  bodyOf,
} from '../../support/bad-messages.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';

const limits = { bodyBytes: 2 * 2 ** 20 };
const MAX_LINE_LENGTH = 4300;

function expectFitForALog({ lines }: LogRecorder): void {
  for (const { message } of lines) {
    expect(message.length).toBeLessThan(MAX_LINE_LENGTH);
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
  }
}

/** Lines that a careful operator would be shown. */
const said = (log: LogRecorder) => log.lines.filter(({ level }) => level === 'warn' || level === 'error');

interface Served {
  transport: Transport;
  stop(): Promise<unknown>;
}

@RpcEndpoint()
class EchoEndpoint {
  @RpcMethod()
  echo(@RpcArgs() args: object): object {
    return args;
  }

  _private(): string {
    return 'never';
  }

  @MessagePattern({ cmd: 'sum' })
  sum(): string {
    return 'never, but by its exact pattern';
  }
}

async function servePlain(topic: string, logger: LogSink): Promise<Served> {
  const transport = getRpcTransport({ transportUrl: rabbitUrl, limits, logger });
  const endpoint = { echo: (_ctxt: unknown, args: unknown) => args, _private: () => 'never' };
  const server = getRpcServer(transport, new Target({ topic, server: 'host1' }), [endpoint]);
  await server.start();
  return { transport, stop: () => server.stop().then(() => transport.cleanup()) };
}

const serveNest =
  (delivery: 'at-most-once' | 'at-least-once') =>
  async (topic: string, logger: LogSink): Promise<Served> => {
    const strategy = new OsloServer({ transportUrl: rabbitUrl, topic, host: 'host1', limits, delivery, logger });
    const module = await Test.createTestingModule({ controllers: [EchoEndpoint] }).compile();
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false });
    await app.listen();
    return { transport: strategy.unwrap(), stop: () => app.close() };
  };

const servers: [name: string, serve: (topic: string, logger: LogSink) => Promise<Served>][] = [
  ['a server of plain endpoints', servePlain],
  ['a Nest application', serveNest('at-most-once')],
  ['a Nest application that delivers at least once', serveNest('at-least-once')],
];

describeWithRabbit.each(servers)('%s that receives a malformed request', (_name, serve) => {
  const topic = uniqueTopic('bad');
  const log = new LogRecorder();
  let served: Served;
  let caller: RawCaller;

  beforeAll(async () => {
    served = await serve(topic, log);
    caller = await RawCaller.open(rabbitUrl);
  });
  afterAll(async () => {
    await served?.stop();
    await caller?.close();
  });

  /** `result`, or the class of the failure. */
  function answerTo(msgId: string): string | undefined {
    const reply = caller.replies.map(readReply).find(({ raw }) => raw.body.includes(msgId));
    return reply && (failureClass(reply) ?? 'result');
  }

  async function answeredCall(): Promise<void> {
    const msgId = randomBytes(16).toString('hex');
    const message = { method: 'echo', args: {}, _msg_id: msgId, _reply_q: caller.replyQueue, _unique_id: msgId };
    const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) });
    caller.publish('tacker', topic, Buffer.from(body));
    await eventually(() => expect(answerTo(msgId)).toBe('result'));
  }

  it.each(badRequests)('answers, counts and logs it, and continues: $name', async (bad: BadRequest) => {
    log.clear();
    const { refusedMessages } = served.transport.counts;
    const msgId = randomBytes(16).toString('hex');
    caller.publish('tacker', topic, bodyOf(bad, { msgId, replyQueue: caller.replyQueue }));
    await answeredCall();
    await eventually(() => expect(answerTo(msgId) ?? null).toBe(bad.answer));
    expect(said(log)).toHaveLength(bad.answer === 'result' ? 0 : 1);
    expectFitForALog(log);
    const refused = log.messages(/^Refused a message/).length;
    expect(served.transport.counts.refusedMessages - refusedMessages).toBe(refused);
    if (bad.answer === 'InvalidMessage') expect(refused).toBe(1);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    caller.replies.length = 0;
  });
});

describeWithRabbit('a client that receives a malformed reply', () => {
  const topic = uniqueTopic('bad');
  const log = new LogRecorder();
  let transport: Transport;
  let fake: RawCaller;

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, limits, logger: log });
    fake = await RawCaller.open(rabbitUrl, uniqueTopic('fake'));
    await fake.bind('tacker', 'topic', topic);
  });
  afterAll(async () => {
    await transport?.cleanup();
    await fake?.close();
  });

  it.each(badReplies)('settles its call, and continues: $name', async (bad: BadReply) => {
    log.clear();
    const { refusedMessages } = transport.counts;
    const outcome = getRpcClient(transport, new Target({ topic }), { timeout: 10 })
      .call({}, 'anything')
      .then(
        (result) => (result === 'sound' ? null : 'result'),
        (error: unknown) => (error instanceof MessagingException ? error.name : String(error)),
      );
    const request = JSON.parse((await fake.next()).body.toString('utf8')) as { 'oslo.message': string };
    const { _msg_id: msgId, _reply_q: replyQueue } = JSON.parse(request['oslo.message']) as Record<string, string>;
    if (!msgId || !replyQueue) throw new Error('the call named no reply queue');
    fake.publish('', replyQueue, bodyOf(bad, { msgId, replyQueue }));
    const sound = { result: 'sound', failure: null, ending: true, _msg_id: msgId };
    const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(sound) });
    fake.publish('', replyQueue, Buffer.from(body));
    expect(await outcome).toBe(bad.settles);
    expectFitForALog(log);
    expect(transport.counts.refusedMessages - refusedMessages).toBe(log.messages(/^Refused a reply/).length);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describeWithRabbit('a listener that receives a malformed notification', () => {
  const topic = uniqueTopic('bad');
  const queue = `${topic}.info`;
  const log = new LogRecorder();
  const seen: unknown[] = [];
  let transport: Transport;
  let listener: NotificationListener;
  let publisher: RawCaller;

  beforeAll(async () => {
    transport = getNotificationTransport({ transportUrl: rabbitUrl, limits, logger: log });
    const endpoint = { info: (_ctxt: object, _publisher: string, type: string) => void seen.push(type) };
    listener = await getNotificationListener(transport, [new Target({ topic })], [endpoint]);
    await listener.start();
    publisher = await RawCaller.open(rabbitUrl);
  });
  afterAll(async () => {
    await listener?.stop();
    await transport?.cleanup();
    await publisher?.close();
    await withChannel(rabbitUrl, async (channel) => {
      for (const name of [queue, `${queue}.dead`]) await channel.deleteQueue(name);
    });
  });

  it.each(badNotifications)('dead-letters it, counts and logs it once, and continues: $name', async (bad: BadBody) => {
    log.clear();
    const { refusedMessages, deadLettered } = transport.counts;
    const id = randomBytes(16).toString('hex');
    publisher.publish('', queue, bodyOf(bad, { msgId: id, replyQueue: publisher.replyQueue }));
    const sound = { priority: 'INFO', event_type: id, payload: {}, _unique_id: id };
    publisher.publish('', queue, Buffer.from(JSON.stringify(sound)));
    await eventually(() => {
      expect(seen).toContain(id);
      expect(transport.counts.deadLettered - deadLettered).toBe(1);
    });
    expect(transport.counts.refusedMessages - refusedMessages).toBe(1);
    expect(said(log)).toHaveLength(1);
    expectFitForALog(log);
    const kept = await queueDepth(rabbitUrl, `${queue}.dead`);
    expect(kept?.messages).toBe(badNotifications.indexOf(bad) + 1);
  });
});
