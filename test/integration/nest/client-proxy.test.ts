import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Controller, Inject, Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  OsloClientProxy,
  Target,
} from 'nestjs-oslo-messaging';
import { lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../testkit/free-port.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function makeProxy(transportUrl: string, topic = 't', rpcResponseTimeout = 20) {
  const client = new OsloClientProxy({ transportUrl, topic, logger: silent, rpcResponseTimeout });
  closing.push(() => client.close());
  return client;
}

/** With a wrong password. */
const refused = () => `rabbit://nobody:s3cret-pa55@127.0.0.1:${rabbitPort}/`;

describe('OsloClientProxy', () => {
  it('is a customClass of ClientsModule', async () => {
    const options = { transportUrl: `memory://${uniqueTopic()}`, topic: 't', logger: silent };

    @Controller()
    class Caller {
      constructor(@Inject('CLIENT') readonly client: OsloClientProxy) {}
    }

    @Module({
      imports: [ClientsModule.register([{ name: 'CLIENT', customClass: OsloClientProxy, options }])],
      controllers: [Caller],
    })
    class AppModule {}

    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = await module.createNestApplication({ logger: false }).init();
    closing.push(() => app.close());
    const transport = getRpcTransport(options);
    closing.push(() => transport.cleanup());
    const server = getRpcServer(transport, new Target({ topic: 't', server: 'one' }), [{ ask: () => 42 }]);
    await server.start();
    closing.push(() => server.stop());
    const { client } = app.get(Caller);
    expect(await lastValueFrom(client.send('ask', {}))).toBe(42);
    expect(await lastValueFrom(client.emit('ask', {}))).toBeUndefined();
    await app.close();
    // ClientsModule closes its clients.
    expect(client.unwrap().health().status).toBe('closed');
  });

  it('connects by hand, twice as well, and closes for good', async () => {
    const client = makeProxy(`memory://${uniqueTopic()}`);
    const statuses: string[] = [];
    client.status.subscribe((status) => statuses.push(status));
    await Promise.all([client.connect(), client.connect()]);
    await client.connect();
    await Promise.all([client.close(), client.close()]);
    expect(statuses).toEqual(['connected', 'closed']);
    await expect(client.connect()).rejects.toBeInstanceOf(MessageDeliveryFailure);
    await expect(lastValueFrom(client.send('ask', {}))).rejects.toBeInstanceOf(MessageDeliveryFailure);
  });

  it('names its status instead of events', () => {
    expect(() => makeProxy('memory://').on()).toThrow(ConfigurationError);
  });

  it.each([
    ['rpcResponseTimeout', { rpcResponseTimeout: '300ms' }, 'before the deadline'],
    ['rabbit.connectTimeout', { rabbit: { connectTimeout: '300ms' } }, 'did not finish the handshake within 300 ms'],
  ])('gives up at a broker that never answers after %s', async (_name, options, message) => {
    const port = await freePort();
    const mute = createServer((socket) => socket.resume()).listen(port, '127.0.0.1');
    await once(mute, 'listening');
    closing.push(async () => void mute.close());
    const client = new OsloClientProxy({ transportUrl: `rabbit://127.0.0.1:${port}/`, logger: silent, ...options });
    closing.push(() => client.close());
    const began = performance.now();
    // Both are one attempt.
    const outcomes = await Promise.allSettled([client.connect(), client.connect()]);
    expect(performance.now() - began).toBeLessThan(3000);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        reason: { code: 'DELIVERY_FAILURE', message: expect.stringContaining(message) },
      });
  });
});

describeWithRabbit('connecting ahead of the first use', () => {
  it('resolves when both connections are up', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    closing.push(() => proxy.close());
    const client = makeProxy(proxy.url);
    // Those at the same time share an attempt, and a later one opens no other connection.
    await Promise.all([client.connect(), client.connect(), client.connect()]);
    expect(client.unwrap().health()).toMatchObject({ publishing: 'connected', consuming: 'connected' });
    await client.connect();
    expect(proxy.accepted).toBe(2);
    const transport = getNotificationTransport({ transportUrl: rabbitUrl, logger: silent });
    closing.push(() => transport.cleanup());
    await transport.connect({ publishOnly: true });
    expect(transport.health()).toMatchObject({ publishing: 'connected', consuming: 'idle' });
  });

  it('rejects while the broker is down, and resolves when it is back', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    closing.push(() => proxy.close());
    await proxy.refuse();
    const client = makeProxy(proxy.url);
    await expect(client.connect()).rejects.toBeInstanceOf(MessageDeliveryFailure);
    await expect(client.connect()).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
    await proxy.accept();
    await client.unwrap().connect();
    await client.connect();
  });

  it('rejects at once when the login is refused, without the password', async () => {
    const error: unknown = await makeProxy(refused())
      .connect()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'DELIVERY_FAILURE', message: expect.stringContaining('ACCESS_REFUSED') });
    expect(String(error)).not.toContain('s3cret');
  });

  it('does not affect a request, which waits for the broker until its own deadline', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    closing.push(() => proxy.close());
    await proxy.refuse();
    const client = makeProxy(proxy.url, uniqueTopic());
    await expect(client.connect()).rejects.toThrow('ECONNREFUSED');
    const answer = lastValueFrom(client.send('ask', {})).catch((thrown: unknown) => thrown);
    await proxy.accept();
    // It has reached the broker, where nobody listens.
    expect(await answer).toMatchObject({ code: 'UNDELIVERABLE' });
    await client.close();
    await expect(client.connect()).rejects.toThrow('closed');
  });
});
