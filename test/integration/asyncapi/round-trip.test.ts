import { EventEmitter, once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Channel } from 'amqplib';
import {
  call,
  cast,
  defineRpcApi,
  NotificationEndpoint,
  NotificationPayload,
  OnNotification,
  OsloMessagingModule,
  OsloServer,
  RpcEndpoint,
} from 'nestjs-oslo-messaging';
import { type AsyncApiDocument, createAsyncApiDocument } from 'nestjs-oslo-messaging/asyncapi';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { withChannel } from '../../../testkit/amqp.js';
import { isDenying } from '../../../testkit/release.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const topic = uniqueTopic('documented');
const events = uniqueTopic('events');
const seen = new EventEmitter();

const api = defineRpcApi({
  topic,
  namespace: 'calc',
  version: '2.1',
  methods: {
    add: call({ args: z.object({ a: z.int(), b: z.int() }), result: z.int(), since: '2.1' }),
    forget: cast({ args: z.object({ id: z.string() }), fanout: true }),
    whoami: call({ args: z.object({}), result: z.string(), server: 'one' }),
  },
});

@RpcEndpoint(api)
class Calculator {
  add({ a, b }: { a: number; b: number }): number {
    return a + b;
  }
  forget({ id }: { id: string }): void {
    seen.emit('forgotten', id);
  }
  whoami(): string {
    return 'one';
  }
}

@NotificationEndpoint({ topics: [events] })
class Listener {
  @OnNotification({ eventType: 'vnf.created', priority: 'info' })
  created(@NotificationPayload() payload: object): void {
    seen.emit('notified', payload);
  }
}

@Module({
  imports: [OsloMessagingModule.forRoot({ transportUrl: rabbitUrl || 'memory://', host: 'one', logger: silent })],
  controllers: [Calculator, Listener],
})
class DocumentedModule {}

type Message = Record<string, unknown>;

/** Knows nothing but the document: neither this library nor oslo.messaging. */
class ByHand {
  private readonly queue = `reply_${'0123456789abcdef'.repeat(2)}`;

  constructor(
    private readonly channel: Channel,
    private readonly document: AsyncApiDocument,
  ) {}

  /** Publishes the example of an operation, with members of its message replaced. */
  send(operation: string, changes: Message, parameters: Readonly<Record<string, string>> = {}): void {
    const { channel, messages, bindings } = this.document.operations[operation] ?? fail(operation);
    const { address, bindings: at, messages: own } = this.document.channels[last(channel.$ref)] ?? fail(channel.$ref);
    const reference = own[last(messages[0]?.$ref ?? '')]?.$ref ?? '';
    const {
      contentType,
      bindings: format,
      examples,
    } = this.document.components.messages[last(reference)] ?? fail(reference);
    const message = examples?.find(({ name }) => name === 'message')?.payload as Message;
    const envelope = examples?.find(({ name }) => name === 'envelope')?.payload as Message;
    const body = { ...envelope, 'oslo.message': JSON.stringify({ ...message, ...changes }) };
    if (at?.amqp.is !== 'routingKey') throw fail('exchange');
    const key = (address ?? '').replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? '');
    this.channel.publish(at.amqp.exchange.name, key, Buffer.from(JSON.stringify(body)), {
      contentType,
      contentEncoding: String(format.amqp['contentEncoding']),
      deliveryMode: Number(bindings?.amqp['deliveryMode']),
    });
  }

  /** Calls an operation; resolves with the message of the reply. */
  async call(operation: string, args: object, parameters: Readonly<Record<string, string>> = {}): Promise<Message> {
    const { reply } = this.document.operations[operation] ?? fail(operation);
    const { bindings } = this.document.channels[last(reply?.channel.$ref ?? '')] ?? fail('replies');
    if (bindings?.amqp.is !== 'queue') throw fail('queue');
    const { durable, exclusive, autoDelete } = bindings.amqp.queue;
    await this.channel.assertQueue(this.queue, {
      durable: durable || isDenying,
      exclusive,
      autoDelete,
      expires: 60_000,
    });
    const pointer = reply?.address.location.match(/^\$message\.payload#\/oslo\.message\/(\w+)$/)?.[1] ?? '';
    const arrived = new Promise<Message>((resolve) => {
      void this.channel.consume(this.queue, (delivery) => resolve(JSON.parse(String(delivery?.content)) as Message), {
        noAck: true,
        consumerTag: operation,
      });
    });
    this.send(operation, { args, [pointer]: this.queue }, parameters);
    const envelope = await arrived;
    await this.channel.cancel(operation);
    await this.channel.deleteQueue(this.queue);
    return JSON.parse(String(envelope['oslo.message'])) as Message;
  }
}

describeWithRabbit('a request that is built from the document', () => {
  let app: INestApplication;
  let document: AsyncApiDocument;

  beforeAll(async () => {
    app = await NestFactory.create(DocumentedModule, { logger: false });
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
    document = createAsyncApiDocument(app, { title: 'Documented', version: '1.0.0' });
  });
  afterAll(() => app.close());

  const byHand = <T>(work: (caller: ByHand) => Promise<T>): Promise<T> =>
    withChannel(rabbitUrl, (channel) => work(new ByHand(channel, document)));

  it('is answered by the server', async () => {
    const reply = await byHand((caller) => caller.call(`${topic}.calc.add`, { a: 2, b: 3 }));
    expect(reply).toMatchObject({ result: 5, failure: null, ending: true });
  });

  it('is answered by the server that it names', async () => {
    const reply = await byHand((caller) => caller.call(`${topic}.calc.whoami`, {}, { server: 'one' }));
    expect(reply['result']).toBe('one');
  });

  it('is answered with the failure that the document describes', async () => {
    const reply = await byHand((caller) => caller.call(`${topic}.calc.add`, { a: 'two', b: 3 }));
    const failure = JSON.parse(String(reply['failure'])) as Message;
    const { required } = document.components.schemas['oslo.failure'] as { required: string[] };
    expect(Object.keys(failure)).toEqual(expect.arrayContaining(required));
    expect(failure).toMatchObject({ class: 'ValueError', module: 'builtins' });
  });

  it('reaches all servers as a cast', async () => {
    const forgotten = once(seen, 'forgotten');
    await byHand(async (caller) => {
      caller.send(`${topic}.calc.forget`, { args: { id: 'vnf-1' } });
      expect(await forgotten).toEqual(['vnf-1']);
    });
  });

  it('is a notification, too', async () => {
    const notified = once(seen, 'notified');
    await byHand(async (caller) => {
      caller.send('Listener.created', { payload: { id: 7 } }, { priority: 'info' });
      expect(await notified).toEqual([{ id: 7 }]);
    });
  });
});

function last(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}

function fail(missing: string): never {
  throw new Error(`the document has no ${missing}`);
}
