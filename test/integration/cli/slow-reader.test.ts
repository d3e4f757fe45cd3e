import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connect } from 'amqplib';
import { expect, it } from 'vitest';
import { amqpUrl } from '../../../testkit/amqp.js';
import { COMMAND, commandEnvironment } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const SENT = 12_000;

/** Publishes notifications without an envelope. Resolves with the number of those that no queue took. */
async function publish(topic: string, count: number): Promise<number> {
  const connection = await connect(amqpUrl(rabbitUrl));
  const channel = await connection.createConfirmChannel();
  let returned = 0;
  channel.on('return', () => returned++);
  await channel.assertExchange('tacker', 'topic', { durable: false, autoDelete: false });
  const payload = 'x'.repeat(2000);
  const body = Buffer.from(
    JSON.stringify({ publisher_id: 'p', event_type: 'e', priority: 'INFO', payload, message_id: 'm', timestamp: 't' }),
  );
  for (let index = 0; index < count; index++) {
    channel.publish('tacker', `${topic}.info`, body, { mandatory: true });
    if (index % 1000 === 999) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
  await connection.close();
  return returned;
}

describeWithRabbit('oslo-rpc listen with a slow reader', () => {
  it('counts the messages that the broker drops, and warns of nothing else', async () => {
    const topic = uniqueTopic('slow');
    await publish(topic, 0);
    const child = spawn(process.execPath, [COMMAND, 'listen', '--url', rabbitUrl, '--topic', topic, '--json'], {
      env: commandEnvironment(),
    });
    try {
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      let probes = 0;
      await eventually(async () => {
        const returned = await publish(topic, 1);
        probes += 1 - returned;
        expect(returned).toBe(0);
      });
      // Nobody reads its output.
      expect(await publish(topic, SENT)).toBe(0);
      await eventually(() => expect(stderr).toMatch(/\d+ dropped/));
      let lines = 0;
      createInterface({ input: child.stdout }).on('line', () => lines++);
      await eventually(
        () => {
          const dropped = Number(/(\d+) dropped so far.*\n$/.exec(stderr)?.[1]);
          expect(lines + dropped).toBe(SENT + probes);
        },
        { within: 60_000, every: 500 },
      );
      child.kill('SIGTERM');
      await once(child, 'close');
      expect(stderr).not.toMatch(/Warning|at least/);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
