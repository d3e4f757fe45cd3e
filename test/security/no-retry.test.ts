import { BackingOffClient, getRpcTransport, RPCClient, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawCaller } from '../differential/raw-caller.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { silent } from '../support/silent.js';

describeWithRabbit('a call that fails', () => {
  const topic = uniqueTopic('once');
  let transport: Transport;
  let silentServer: RawCaller;

  beforeAll(async () => {
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: '1s' });
    silentServer = await RawCaller.open(rabbitUrl, uniqueTopic('silent-caller'));
    await silentServer.bind('tacker', 'topic', topic);
    // A call whose time is over before there is a connection is not sent at all.
    await transport.connect();
    await new RPCClient(transport, new Target({ topic }), { timeout: '10s' }).cast({}, 'first');
    await silentServer.next();
  });
  afterAll(async () => {
    await transport?.cleanup();
    await silentServer?.close();
  });

  it.each([
    ['RPCClient', RPCClient],
    ['BackingOffClient', BackingOffClient],
  ])('is sent once: %s', async (_name, Client) => {
    const client = new Client(transport, new Target({ topic }));
    await expect(client.call({}, 'slow')).rejects.toMatchObject({ code: 'TIMEOUT' });
    await client.cast({}, 'last');
    const methods: unknown[] = [];
    while (!methods.includes('last')) {
      const { 'oslo.message': text } = JSON.parse((await silentServer.next()).body.toString()) as {
        'oslo.message': string;
      };
      methods.push((JSON.parse(text) as { method: string }).method);
    }
    expect(methods).toEqual(['slow', 'last']);
  });
});
