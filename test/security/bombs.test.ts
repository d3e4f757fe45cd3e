import { deflateSync } from 'node:zlib';
import { getRpcClient, getRpcTransport, type RPCClient, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { Child } from '../support/child.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';

/** MiB that the server's heap may have: a good part of what a careless one would take. */
const HEAP = 160;
const MIB = 2 ** 20;

const many = (piece: string, bytes: number) => `[${`${piece},`.repeat(Math.floor(bytes / (piece.length + 1)))}0]`;
const enveloped = (text: string) => Buffer.from(`{"oslo.version": "2.0", "oslo.message": ${JSON.stringify(text)}}`);

describeWithRabbit('a server with a small heap', { timeout: 90_000 }, () => {
  const topic = uniqueTopic('bombs');
  let child: Child;
  let transport: Transport;
  let client: RPCClient;

  beforeAll(async () => {
    child = new Child('test/support/bombed-server.ts', [rabbitUrl, topic], {
      NODE_OPTIONS: `--max-old-space-size=${HEAP} --import ./test/support/typescript.mjs`,
    });
    await child.prints(/serving/, 60_000);
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    client = getRpcClient(transport, new Target({ topic }), { timeout: 60 });
  }, 90_000);
  afterAll(async () => {
    await transport?.cleanup();
    await child?.stop();
  });

  /** Sends requests with such an argument; the classes of the failures that come back. */
  function refusals(count: number, argument: string, compressed: boolean): Promise<unknown[]> {
    return withChannel(rabbitUrl, async (channel) => {
      const { queue } = await channel.assertQueue(`reply_${uniqueTopic()}`, { exclusive: true });
      const text = `{"method": "hold", "args": {"list": ${argument}}, "_msg_id": "m", "_reply_q": "${queue}"}`;
      const body = compressed ? deflateSync(enveloped(text)) : enveloped(text);
      const headers = compressed ? { compression: 'application/x-gzip' } : {};
      for (let sent = 0; sent < count; sent++) channel.sendToQueue(topic, body, { headers });
      const failures: unknown[] = [];
      await channel.consume(
        queue,
        (message) => {
          const envelope = JSON.parse(String(message?.content)) as Record<string, string>;
          const reply = JSON.parse(envelope['oslo.message'] ?? '') as { failure: string };
          failures.push((JSON.parse(reply.failure) as { message: string }).message);
        },
        { noAck: true },
      );
      await eventually(() => expect(failures).toHaveLength(count), { within: 60_000 });
      return failures;
    });
  }

  it.each([
    ['4 kB that inflate to 4 MiB of {}', '{}', 3.9 * MIB, true, /more than 100 times/],
    ['4 kB that inflate to 4 MiB of NaN', 'NaN', 3.9 * MIB, true, /more than 100 times/],
    ['1 MiB of {}', '{}', MIB, false, /more than 100000 values/],
    ['1 MiB of NaN', 'NaN', MIB, false, /more than 100000 values/],
  ])('refuses requests of %s, and rejects their calls', async (_name, piece, bytes, compressed, why) => {
    const failures = await refusals(8, many(piece, bytes), compressed);
    expect(failures).toEqual(failures.map(() => expect.stringMatching(why)));
  });

  it('reads as many requests at a time as fit into memory', async () => {
    // 6 MiB of objects each.
    const text = `{"method": "hold", "args": {"list": ${many('{}', 0.27 * MIB)}}, "_msg_id": "m", "_reply_q": "REPLY"}`;
    await withChannel(rabbitUrl, async (channel) => {
      const { queue } = await channel.assertQueue(`reply_${uniqueTopic()}`, { exclusive: true });
      const body = enveloped(text.replace('REPLY', queue));
      let answers = 0;
      await channel.consume(queue, () => answers++, { noAck: true });
      for (let sent = 0; sent < 24; sent++) channel.sendToQueue(topic, body);
      await eventually(() => expect(answers).toBe(24), { within: 60_000 });
    });
    const most = await client.call<number>({}, 'mostInWork');
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(8);
  });

  it('reads notifications in the same way, and handles a batch early if memory is short', async () => {
    const text = `{"message_id": "m", "publisher_id": "p", "event_type": "e", "priority": "INFO", "timestamp": "t", "payload": ${many('{}', 0.27 * MIB)}}`;
    await withChannel(rabbitUrl, async (channel) => {
      for (let sent = 0; sent < 24; sent++) channel.sendToQueue(`${topic}-events.info`, enveloped(text));
      await channel.waitForConfirms();
    });
    const notified = () => [...child.output.matchAll(/notified of (\d+)/g)].map(([, count]) => Number(count));
    // The last ones wait to be more.
    await eventually(() => expect(notified().reduce((sum, count) => sum + count, 0)).toBeGreaterThan(16), {
      within: 60_000,
    });
    expect(Math.max(...notified())).toBeLessThan(8);
  });
});
