import { expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';

const CTRL_C = '\u0003';
const terminal = { columns: 100 };

const topic = uniqueTopic('terminal');
const where = ['--url', rabbitUrl, '--topic', topic];

describeWithRabbit('oslo-rpc on a terminal', { concurrent: true }, () => {
  it('says that it listens, where nobody would see it otherwise', async () => {
    const exchange = uniqueTopic('exchange');
    const args = ['listen', '--url', rabbitUrl, '--topic', topic, '--exchange', exchange, '--for', '10ms'];
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertExchange(exchange, 'topic', { durable: false });
      expect(await osloRpc(args)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await osloRpc(args, {}, { terminal })).toEqual({
        code: 0,
        stdout: '',
        stderr: `Listening for ${topic} on the exchange ${exchange}, with a queue of its own; Ctrl-C ends\n`,
      });
      await channel.deleteExchange(exchange);
    });
  });

  it('says that it waits for standard input', async () => {
    const args = ['notify', ...where, '--driver', 'noop', '-'];
    expect(await osloRpc(args, {}, { input: '{}', terminal })).toEqual({
      code: 0,
      stdout: '',
      stderr: 'Reading PAYLOAD from the terminal; end it with Ctrl-D\n',
    });
  });

  it('shows that it works, and removes the line', async () => {
    const { stderr } = await osloRpc(['doctor', ...where], {}, { terminal });
    expect(stderr).toMatch(/^Looking for trouble …\r\u001b\[K/);
  });

  it.each([
    ['y\n', { code: 0, stdout: 'Deleted 1; 0 left\n' }, 0],
    ['n\n', { code: 1, stderr: expect.stringContaining('Nothing was deleted') }, 1],
    [CTRL_C, { code: 130, stdout: '', stderr: expect.stringContaining('Nothing was deleted') }, 1],
  ])('asks before it deletes, and takes %j for an answer', async (input, outcome, left) => {
    const queue = `${uniqueTopic('asked')}.dead`;
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(queue, { durable: true });
      channel.sendToQueue(queue, Buffer.from('{}'));
      await channel.checkQueue(queue);
      const purge = ['dead', 'purge', '--all', '--url', rabbitUrl, '--queue', queue];
      const asked = await osloRpc(purge, {}, { input, terminal });
      expect(asked).toMatchObject(outcome);
      expect(asked.stderr).toContain(`Delete 1 dead letter of ${queue}? [y/N] `);
      expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: left });
      await channel.deleteQueue(queue);
    });
  });
});
