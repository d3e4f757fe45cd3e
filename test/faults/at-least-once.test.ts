import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  type DeliveryMode,
  getRpcClient,
  getRpcTransport,
  type OsloMessagingOptions,
  OsloServer,
  type RPCClient,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { BrokerInspector } from '../support/broker-inspector.js';
import { describeWithRabbit, rabbitControl, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ignore = () => undefined;

/** Executions, in order, each with its server. */
const ran: string[] = [];
let release: () => void = ignore;
let released = new Promise<void>(ignore);

async function hold(server: string, method: string): Promise<string> {
  ran.push(`${server} ${method}`);
  if (server === 'dying') await released;
  return server;
}

function endpointOf(server: string): new () => object {
  @RpcEndpoint({ version: '1.0' })
  class Endpoint {
    @RpcMethod()
    usual(): Promise<string> {
      return hold(server, 'usual');
    }

    @RpcMethod({ delivery: 'at-least-once' })
    sure(): Promise<string> {
      return hold(server, 'sure');
    }
  }
  return Endpoint;
}

describeWithRabbit('a server that loses its connection while it works', () => {
  const open: (() => Promise<unknown>)[] = [];
  let topic: string;
  let proxy: TcpProxy;
  let client: RPCClient;

  async function serve(host: string, url: string, options: OsloMessagingOptions): Promise<INestMicroservice> {
    const module = await Test.createTestingModule({ controllers: [endpointOf(host)] }).compile();
    const strategy = new OsloServer({ transportUrl: url, topic, host, drainTimeout: 1, logger: silent, ...options });
    const app = module.createNestMicroservice({ strategy, logger: false });
    await app.listen();
    open.push(() => app.close());
    return app;
  }

  /** @param timeout of a call, in seconds */
  async function begin(options: OsloMessagingOptions = {}, timeout = 30): Promise<void> {
    topic = uniqueTopic('sure');
    ran.length = 0;
    released = new Promise<void>((resolve) => {
      release = resolve;
    });
    proxy = await TcpProxy.start(rabbitPort);
    open.push(async () => {
      release();
      await proxy.accept();
      await proxy.close();
    });
    await serve('dying', rabbitUrl.replace(/:\d+\//, `:${proxy.port}/`), options);
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, ...options });
    open.push(() => transport.cleanup());
    await transport.connect();
    client = getRpcClient(transport, new Target({ topic, version: '1.0' }), { timeout });
  }

  /** The connection of the server goes for good, with a request in work; another server takes the topic over. */
  async function lose(
    method: string,
    options: OsloMessagingOptions = {},
    before = async () => undefined as unknown,
  ): Promise<Promise<unknown>> {
    const call = client.call({}, method).catch((error: unknown) => error);
    await eventually(() => expect(ran).toEqual([`dying ${method}`]));
    await before();
    await proxy.refuse();
    proxy.cut();
    await serve('second', rabbitUrl, options);
    return call;
  }

  /** The broker has the acknowledgement, so that it cannot be lost with the connection. */
  async function acknowledged(): Promise<void> {
    if (!rabbitControl) return;
    const inspector = new BrokerInspector(rabbitControl);
    await eventually(async () => expect(await inspector.queue(topic)).toMatchObject({ messages_unacknowledged: 0 }));
  }

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of [topic, `${topic}.dying`, `${topic}.second`, `${topic}.dead`])
        await channel.deleteQueue(queue);
    });
  });

  it('runs a request again if its method is delivered at least once', async () => {
    await begin();
    expect(await lose('sure')).toBe('second');
    expect(ran).toEqual(['dying sure', 'second sure']);
  });

  it('runs a request again if the server delivers at least once', async () => {
    const options: OsloMessagingOptions = { delivery: 'at-least-once' };
    await begin(options);
    expect(await lose('usual', options)).toBe('second');
    expect(ran).toEqual(['dying usual', 'second usual']);
  });

  it('runs a request once by default', async () => {
    await begin({}, 5);
    const lost = lose('usual', {}, acknowledged);
    const secondQueue = `${topic}.second`;
    await eventually(async () => expect(await queueDepth(rabbitUrl, secondQueue)).toMatchObject({ consumers: 1 }), {
      within: 20_000,
    });
    // Sent later to the same queue, and answered: the first is not in it any more.
    expect(await client.prepare({ timeout: 30 }).call({}, 'sure')).toBe('second');
    expect(ran).toEqual(['dying usual', 'second sure']);
    expect(await lost).toMatchObject({ code: 'TIMEOUT' });
  });

  it('runs a request once that is redelivered to it during the work', async () => {
    await begin();
    const call = client.call({}, 'sure');
    await eventually(() => expect(ran).toEqual(['dying sure']));
    proxy.cut();
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toEqual({ messages: 0, consumers: 1 }));
    release();
    expect(await call).toBe('dying');
    expect(ran).toEqual(['dying sure']);
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toEqual({ messages: 0, consumers: 1 }));
  });

  it('dead-letters a request that is redelivered too often, and keeps answering others', async () => {
    // The usual exchange is transient here.
    const controlExchange = uniqueTopic('exchange');
    open.push(() => withChannel(rabbitUrl, (channel) => channel.deleteExchange(controlExchange)));
    const rabbit = { rabbitQuorumQueue: true };
    const options: OsloMessagingOptions = { limits: { deliveries: 1 }, controlExchange, rabbit };
    await begin(options, 8);
    const call = lose('sure', options);
    await eventually(async () => expect(await queueDepth(rabbitUrl, `${topic}.dead`)).toMatchObject({ messages: 1 }));
    expect(ran).toEqual(['dying sure']);
    expect(await client.prepare({ timeout: 30 }).call({}, 'usual')).toBe('second');
    const reason = await withChannel(rabbitUrl, async (channel) => {
      const message = await channel.get(`${topic}.dead`, { noAck: true });
      return message ? message.properties.headers?.['x-reason'] : undefined;
    });
    expect(reason).toMatch(/returned 1 time/);
    expect(await call).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('delivery', () => {
  it('refuses an unknown delivery mode', () => {
    const delivery = 'exactly-once' as DeliveryMode;
    expect(() => getRpcTransport({ transportUrl: 'memory://', delivery })).toThrow(ConfigurationError);
    expect(() => RpcMethod({ delivery })).toThrow(/at-most-once, at-least-once; got "exactly-once"/);
  });
});
