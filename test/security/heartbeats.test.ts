import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { member } from '../differential/json-tree.js';
import { type Reply, readReply } from '../differential/observation.js';
import { RawCaller } from '../differential/raw-caller.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';

/** JSON texts of timeouts that a naive timer would treat as no delay. */
const timeouts = [
  '-1',
  '0',
  '0.001',
  '1e-300',
  '1',
  '-1e308',
  '1e12',
  '2147483648',
  '4294967296',
  '9223372036854775808',
];
const noNumbers = [
  '"x"',
  '""',
  '"0"',
  '"-5"',
  '"1e3"',
  'null',
  'true',
  '[]',
  '{}',
  '[2]',
  'NaN',
  'Infinity',
  '-Infinity',
];
/** Running time of the handlers, in milliseconds: long enough for thousands of unbounded heartbeats. */
const WORK = 1300;

describeWithRabbit('a call that asks for heartbeats', () => {
  it(`receives none within ${WORK} ms with an invalid interval, and one with a valid interval`, async () => {
    const topic = uniqueTopic('heartbeats');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const server = getRpcServer(transport, new Target({ topic, server: 'h' }), [{ work: () => sleep(WORK, 'done') }]);
    await server.start();
    const caller = await RawCaller.open(rabbitUrl);
    const replyTo = `"_reply_q": "${caller.replyQueue}"`;
    const calls = [...timeouts, ...noNumbers, '2'].map((timeout) => ({
      timeout,
      msgId: randomBytes(16).toString('hex'),
    }));
    for (const { timeout, msgId } of calls) {
      const message = `{"method": "work", "_timeout": ${timeout}, "_msg_id": "${msgId}", "_unique_id": "${msgId}", ${replyTo}}`;
      caller.publish('tacker', topic, Buffer.from(message));
    }
    const isEnding = ({ message }: Reply) => {
      const ending = member(message, 'ending');
      return ending?.kind === 'bool' && ending.value;
    };
    const repliesTo = (msgId: string) => caller.replies.map(readReply).filter(({ raw }) => raw.body.includes(msgId));
    await eventually(() =>
      expect(calls.filter(({ msgId }) => repliesTo(msgId).some(isEnding))).toHaveLength(calls.length),
    );
    const heartbeats = calls.map(({ timeout, msgId }) => [timeout, repliesTo(msgId).length - 1] as const);
    for (const [timeout, count] of heartbeats.slice(0, -1)) expect(count, timeout).toBe(0);
    expect(heartbeats.at(-1)).toEqual(['2', 1]);
    await server.stop();
    await transport.cleanup();
    await caller.close();
  });
});
