import { randomBytes } from 'node:crypto';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  RemoteError,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failureClass, readReply } from '../conformance/observation.js';
import { RawCaller } from '../conformance/raw-caller.js';
import { type BadReply, type BadRequest, badReplies, badRequests, bodyOf } from '../support/bad-messages.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';

const limits = { bodyBytes: 2 * 2 ** 20 };
const LONGEST_LINE = 4300;

function logInto(lines: string[]) {
  const log = (line: string) => void lines.push(line);
  return { debug: () => undefined, log, warn: log, error: log };
}

function expectFitForALog(lines: string[]): void {
  for (const line of lines) {
    expect(line.length).toBeLessThan(LONGEST_LINE);
    expect(line).not.toMatch(/[\u0000-\u001f\u007f\u2028\u2029]/);
  }
}

describeWithRabbit('a server that gets what no well-behaved client sends', () => {
  const topic = uniqueTopic('bad');
  const lines: string[] = [];
  let transport: Transport;
  let server: RPCServer;
  let caller: RawCaller;

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, limits, logger: logInto(lines) });
    const endpoint = { echo: (_ctxt: unknown, args: unknown) => args, _private: () => 'never' };
    server = getRpcServer(transport, new Target({ topic, server: 'host1' }), [endpoint]);
    await server.start();
    caller = await RawCaller.open(rabbitUrl);
  });
  afterAll(async () => {
    await server?.stop();
    await transport?.cleanup();
    await caller?.close();
  });

  /** `result`, or the class of the failure. */
  function answerTo(msgId: string): string | undefined {
    const reply = caller.replies.map(readReply).find(({ raw }) => raw.body.includes(msgId));
    return reply && (failureClass(reply) ?? 'result');
  }

  async function soundCall(): Promise<void> {
    const msgId = randomBytes(16).toString('hex');
    const message = { method: 'echo', args: {}, _msg_id: msgId, _reply_q: caller.replyQueue, _unique_id: msgId };
    const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) });
    caller.publish('tacker', topic, Buffer.from(body));
    await eventually(() => expect(answerTo(msgId)).toBe('result'));
  }

  it.each(badRequests)('answers and logs, and goes on: $name', async (bad: BadRequest) => {
    lines.length = 0;
    const msgId = randomBytes(16).toString('hex');
    caller.publish('tacker', topic, bodyOf(bad, { msgId, replyQueue: caller.replyQueue }));
    await soundCall();
    await eventually(() => expect(answerTo(msgId) ?? null).toBe(bad.answer));
    expect(lines).toHaveLength(bad.answer === 'result' ? 0 : 1);
    expectFitForALog(lines);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    caller.replies.length = 0;
  });
});

describeWithRabbit('a client that gets what no well-behaved server sends', () => {
  const topic = uniqueTopic('bad');
  const lines: string[] = [];
  let transport: Transport;
  let fake: RawCaller;

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, limits, logger: logInto(lines) });
    fake = await RawCaller.open(rabbitUrl, uniqueTopic('fake'));
    await fake.bind('tacker', 'topic', topic);
  });
  afterAll(async () => {
    await transport?.cleanup();
    await fake?.close();
  });

  it.each(badReplies)('settles its call, and goes on: $name', async (bad: BadReply) => {
    lines.length = 0;
    const outcome = getRpcClient(transport, new Target({ topic }), { timeout: 10 })
      .call({}, 'anything')
      .then(
        (result) => (result === 'sound' ? null : 'result'),
        (error: unknown) => (error instanceof RemoteError ? 'RemoteError' : String(error)),
      );
    const request = JSON.parse((await fake.next()).body.toString('utf8')) as { 'oslo.message': string };
    const { _msg_id: msgId, _reply_q: replyQueue } = JSON.parse(request['oslo.message']) as Record<string, string>;
    if (!msgId || !replyQueue) throw new Error('the call named no reply queue');
    fake.publish('', replyQueue, bodyOf(bad, { msgId, replyQueue }));
    const sound = { result: 'sound', failure: null, ending: true, _msg_id: msgId };
    const body = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(sound) });
    fake.publish('', replyQueue, Buffer.from(body));
    expect(await outcome).toBe(bad.settles);
    expectFitForALog(lines);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
