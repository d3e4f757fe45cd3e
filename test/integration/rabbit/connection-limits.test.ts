import { connect } from 'amqplib';
import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { amqpUrl } from '../../../testkit/amqp.js';
import { describeWithRabbitControl, rabbitControl, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';

describeWithRabbitControl('a user with a limit of connections', () => {
  const user = uniqueTopic('limited');
  const url = rabbitUrl.replace('guest:guest', `${user}:${user}`);
  const cleanups: (() => Promise<unknown>)[] = [];
  let logger: LogRecorder;

  beforeAll(async () => {
    await rabbitControl?.rabbitmqctl('add_user', user, user);
    await rabbitControl?.rabbitmqctl('set_permissions', user, '.*', '.*', '.*');
    await rabbitControl?.rabbitmqctl('set_user_limits', user, '{"max-connections": 2}');
  });
  afterAll(async () => {
    await rabbitControl?.rabbitmqctl('delete_user', user);
  });
  beforeEach(() => {
    logger = new LogRecorder();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function take(): Promise<() => Promise<void>> {
    const connection = await connect(amqpUrl(url));
    let isOpen = true;
    const close = async () => {
      if (isOpen) await connection.close();
      isOpen = false;
    };
    cleanups.push(close);
    return close;
  }

  function start() {
    const rabbit = { rabbitRetryInterval: '50ms', rabbitIntervalMax: '100ms' };
    const transport = getRpcTransport({ transportUrl: url, logger, rabbit, rpcResponseTimeout: 20 });
    const target = new Target({ topic: uniqueTopic('limited'), server: 'one' });
    const server = getRpcServer(transport, target, [{ who: () => 'one' }]);
    cleanups.push(async () => {
      await server.stop();
      await transport.cleanup();
    });
    return { server, client: new RPCClient(transport, target) };
  }

  it('has the reason of the broker in the error', async () => {
    await take();
    await take();
    const { client } = start();
    await expect(client.prepare({ retry: 0 }).cast({}, 'who')).rejects.toMatchObject({
      code: 'DELIVERY_FAILURE',
      message: expect.stringContaining(`connection refused for user '${user}': user connection limit (2) is reached`),
    });
  });

  it('is connected as soon as other connections are closed', async () => {
    const closes = [await take(), await take()];
    const { server, client } = start();
    const started = server.start();
    await eventually(() => expect(logger.messages(/user connection limit \(2\) is reached/).length).toBeGreaterThan(0));
    for (const close of closes) await close();
    await started;
    expect(await client.call({}, 'who')).toBe('one');
  });
});
