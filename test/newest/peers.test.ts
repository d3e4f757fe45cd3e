import { getRpcClient, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { PERMITTED_QUERY } from '../../testkit/release.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { PythonPeer } from '../support/python-peer.js';

describeWithPython('on a broker that denies transient queues', () => {
  const url = `${rabbitUrl}?${PERMITTED_QUERY}`;
  let python: PythonPeer;

  beforeAll(async () => {
    python = await PythonPeer.start(url);
  });
  afterAll(() => python?.stop());

  it('runs RabbitMQ 4 and denies transient queues', async () => {
    const transient = { durable: false, exclusive: false };
    await expect(withChannel(rabbitUrl, (channel) => channel.assertQueue(uniqueTopic(), transient))).rejects.toThrow();
    await withChannel(rabbitUrl, async ({ connection }) => {
      const { version } = (connection as unknown as { serverProperties: { version: string } }).serverProperties;
      expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(4);
    });
  });

  it('passes calls between Python and this library in both directions, over quorum queues', async () => {
    const [ours, theirs] = [uniqueTopic('ours'), uniqueTopic('theirs')];
    const transport = getRpcTransport({ transportUrl: url, rpcResponseTimeout: '20s' });
    const server = getRpcServer(transport, new Target({ topic: ours, server: 's' }), [
      { echo: (_context: object, args: object) => args },
    ]);
    await server.start();
    const peer = await python.startServer({ topic: theirs, server: 's' });
    expect(await python.call({ topic: ours, method: 'echo', args: { n: 1 } })).toEqual({ n: 1 });
    const client = getRpcClient(transport, new Target({ topic: theirs }));
    expect(await client.call({}, 'echo', { value: 2 })).toBeDefined();
    await peer.stop();
    await server.stop();
    await transport.cleanup();
  });
});
