import { getRpcServer, getRpcTransport, type RabbitOptions, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { LogRecorder } from '../support/log-recorder.js';

describeWithRabbit('options that RabbitMQ 4 ignores', () => {
  const open: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  /** @returns the warnings of a server and a client that have worked with the options */
  async function use(rabbit: RabbitOptions): Promise<readonly string[]> {
    const logger = new LogRecorder();
    const transport = getRpcTransport({ transportUrl: rabbitUrl, rabbit, logger, rpcResponseTimeout: 20 });
    open.push(() => transport.cleanup());
    const topic = uniqueTopic('ignored');
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    open.push(() => server.stop());
    await server.start();
    expect(await new RPCClient(transport, new Target({ topic })).call({}, 'who')).toBe('one');
    return logger.messages(/ignores/, 'warn');
  }

  it('are named in one line each, and change nothing', async () => {
    const memory = { rabbitQuorumMaxMemoryLength: 10, rabbitQuorumMaxMemoryBytes: 10_000 };
    expect(await use({ profile: 'rabbitmq-4', ...memory, enableCancelOnFailover: true })).toEqual([
      expect.stringMatching(/^RabbitMQ 4 ignores rabbit\.enableCancelOnFailover: .*; remove this option$/),
      expect.stringMatching(
        /^RabbitMQ 4 ignores rabbit\.rabbitQuorumMaxMemoryLength and rabbit\.rabbitQuorumMaxMemoryBytes: .*; remove these options$/,
      ),
    ]);
  });

  it('are not named where they are not set', async () => {
    expect(await use({ profile: 'rabbitmq-4' })).toEqual([]);
  });
});
