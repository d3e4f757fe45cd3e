import type { Message } from 'amqplib';
import {
  getNotificationListener,
  getNotificationTransport,
  type ListenerEndpoint,
  MessageDeliveryFailure,
  type NotificationListenerOptions,
  NotificationResult,
  type NotificationReturn,
  Notifier,
  type OsloMessagingOptions,
  ServerListenError,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const fast = { rabbitRetryInterval: '50ms', rabbitIntervalMax: '200ms' } as const;

/** An endpoint whose calls wait until they are released, in order. */
class Held implements ListenerEndpoint {
  readonly begun: unknown[] = [];
  private readonly waiting: (() => void)[] = [];

  info(_ctxt: unknown, _publisherId: string, _eventType: string, payload: unknown): Promise<void> {
    this.begun.push(payload);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

function recorder(result: (payload: unknown) => NotificationReturn | Promise<NotificationReturn> = () => undefined) {
  const got: unknown[] = [];
  return {
    got,
    info(_ctxt: unknown, _publisherId: string, _eventType: string, payload: unknown) {
      got.push(payload);
      return result(payload);
    },
  };
}

describeWithRabbit('Notifications over RabbitMQ', () => {
  const open: (() => Promise<unknown>)[] = [];
  const log = new LogRecorder();
  let topic: string;
  let queue: string;
  let transport: Transport;
  let notifier: Notifier;

  beforeEach(() => {
    topic = uniqueTopic('events');
    queue = `${topic}.info`;
    transport = connect();
    notifier = new Notifier(transport, { topics: [topic] });
  });

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await withChannel(rabbitUrl, async (channel) => {
      await channel.deleteQueue(queue);
      await channel.deleteQueue(`${queue}.dead`);
    });
    log.clear();
  });

  function connect(options: OsloMessagingOptions = {}): Transport {
    const { rabbit, ...rest } = options;
    const connected = getNotificationTransport({
      transportUrl: rabbitUrl,
      rpcResponseTimeout: 10,
      drainTimeout: 0.5,
      logger: log,
      rabbit: { ...fast, ...rabbit },
      ...rest,
    });
    open.push(() => connected.cleanup());
    return connected;
  }

  async function listen(endpoint: ListenerEndpoint, options: NotificationListenerOptions = {}, on = transport) {
    const listener = getNotificationListener(on, [new Target({ topic })], [endpoint], options);
    open.push(() => listener.stop());
    await listener.start();
    return listener;
  }

  function sendRaw(...bodies: (string | Buffer)[]): Promise<void> {
    return withChannel(rabbitUrl, async (channel) => {
      for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
      await channel.waitForConfirms();
    });
  }

  function dead(): Promise<Message[]> {
    return withChannel(rabbitUrl, async (channel) => {
      const messages: Message[] = [];
      for (;;) {
        const message = await channel.get(`${queue}.dead`, { noAck: true });
        if (!message) return messages;
        messages.push(message);
      }
    });
  }

  const message = (fields: object) =>
    JSON.stringify({ event_type: 'vnf.create', priority: 'INFO', payload: 1, ...fields });

  describe('duplicates', () => {
    it('are dropped, soon or late', async () => {
      const endpoint = recorder();
      await listen(endpoint);
      const same = message({ _unique_id: 'a', payload: 'same' });
      await sendRaw(same, same);
      await eventually(() => expect(endpoint.got).toEqual(['same']));
      const others = Array.from({ length: 50 }, (_, id) => message({ _unique_id: `b${id}`, payload: id }));
      await sendRaw(...others, same, message({ _unique_id: 'c', payload: 'last' }));
      await eventually(() => expect(endpoint.got).toHaveLength(52));
      expect(endpoint.got.filter((payload) => payload === 'same')).toHaveLength(1);
      await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 1 }));
    });

    it('do not exist without an id: two equal notifications are handled twice', async () => {
      const endpoint = recorder();
      await listen(endpoint);
      await sendRaw(message({ payload: 1 }), message({ payload: 1 }), message({ payload: 2 }));
      await eventually(() => expect(endpoint.got).toEqual([1, 1, 2]));
      await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 1 }));
    });

    it('that arrive while the first is in work share its outcome', async () => {
      const endpoint = new Held();
      const listener = await listen(endpoint);
      const same = message({ _unique_id: 'a' });
      await sendRaw(same);
      await eventually(() => expect(endpoint.begun).toHaveLength(1));
      await sendRaw(same, message({ _unique_id: 'b', payload: 2 }));
      await eventually(() => expect(endpoint.begun).toEqual([1, 2]));
      endpoint.release();
      await listener.stop();
      expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 0 });
    });
  });

  describe('a lost connection', () => {
    let proxy: TcpProxy;

    beforeEach(async () => {
      proxy = await TcpProxy.start(rabbitPort);
      open.push(() => proxy.close());
    });

    const viaProxy = (options: OsloMessagingOptions = {}) =>
      connect({ transportUrl: rabbitUrl.replace(/:\d+\//, `:${proxy.port}/`), ...options });

    const consumed = () =>
      eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 1 }), {
        within: 10_000,
      });

    it('does not repeat a notification that finishes during the outage', async () => {
      const endpoint = new Held();
      const listener = await listen(endpoint, {}, viaProxy());
      for (const id of [1, 2, 3]) await notifier.info({}, 'vnf.create', id);
      await eventually(() => expect(endpoint.begun).toEqual([1, 2, 3]));
      await proxy.refuse();
      proxy.cut();
      await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 3, consumers: 0 }));
      endpoint.release();
      await proxy.accept();
      await consumed();
      await eventually(() => expect(log.messages(/Dropped a duplicate/)).toHaveLength(3));
      await listener.stop();
      expect(endpoint.begun).toEqual([1, 2, 3]);
      expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 0 });
    });

    it('does not repeat a notification that is in work after the outage', async () => {
      const endpoint = new Held();
      const listener = await listen(endpoint, {}, viaProxy());
      await notifier.info({}, 'vnf.create', 1);
      await eventually(() => expect(endpoint.begun).toEqual([1]));
      await proxy.refuse();
      proxy.cut();
      await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 1, consumers: 0 }));
      await proxy.accept();
      await consumed();
      endpoint.release();
      await listener.stop();
      expect(endpoint.begun).toEqual([1]);
      expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 0 });
    });

    it('repeats a notification that was requeued', async () => {
      let times = 0;
      const endpoint = recorder(() => {
        if (++times > 1) return NotificationResult.HANDLED;
        proxy.cut();
        return NotificationResult.REQUEUE;
      });
      await listen(endpoint, { allowRequeue: true }, viaProxy());
      await notifier.info({}, 'vnf.create', 1);
      await eventually(() => expect(endpoint.got).toEqual([1, 1]), { within: 10_000 });
      await consumed();
      expect(endpoint.got).toEqual([1, 1]);
    });
  });

  describe('messages that cannot be processed', () => {
    it('are kept in a dead-letter queue, with the reason', async () => {
      const endpoint = recorder();
      await listen(endpoint, {}, connect({ limits: { bodyBytes: 1000, depth: 10 } }));
      const bad: [string | Buffer, RegExp][] = [
        ['not JSON', /not JSON/],
        ['[]', /not a JSON object/],
        [Buffer.from([0xff, 0xfe, 0x00]), /not UTF-8/],
        ['{"oslo.version": "3.0", "oslo.message": "{}"}', /envelope's version/],
        ['{"oslo.version": "2.0", "oslo.message": "]"}', /not JSON/],
        [`{"payload": ${'['.repeat(20)}${']'.repeat(20)}}`, /nested deeper/],
        [`{"payload": "${'x'.repeat(1000)}"}`, /has 1015 bytes/],
        [message({ priority: 'FATAL' }), /no known priority but "FATAL"/],
        [message({ priority: 3 }), /no known priority/],
        ['{}', /no known priority/],
        [message({ publisher_id: {} }), /"publisher_id"/],
        [message({ message_id: 'a\r\nb', timestamp: 1 }), /"timestamp"/],
      ];
      await sendRaw(...bad.map(([body]) => body), message({ payload: 'good' }));
      await eventually(() => expect(endpoint.got).toEqual(['good']));
      await eventually(() =>
        expect(log.messages(/^Dead-lettered a notification from "events/)).toHaveLength(bad.length),
      );
      const kept = await dead();
      expect(kept).toHaveLength(bad.length);
      for (const [body, reason] of bad) {
        const headers = kept.find(({ content }) => content.equals(Buffer.from(body)))?.properties.headers;
        expect(headers).toEqual({
          'x-reason': expect.stringMatching(reason),
          'x-original-queue': queue,
          'x-deliveries': 1,
          'x-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        });
      }
      expect(log.messages(/[\r\n]/)).toEqual([]);
      expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 0, consumers: 1 });
    });

    it('are kept when they have failed too often, after growing delays', async () => {
      const endpoint = recorder(() => Promise.reject(new Error('indigestible')));
      await listen(endpoint, { allowRequeue: true }, connect({ limits: { deliveries: 6 } }));
      const begin = performance.now();
      await notifier.info({ user_id: 'u1' }, 'vnf.create', { id: 1 });
      await eventually(() => expect(log.messages(/^Dead-lettered/)).toHaveLength(1));
      expect(performance.now() - begin).toBeGreaterThan(10 + 20 + 40 + 80);
      expect(endpoint.got).toHaveLength(6);
      const [kept, ...more] = await dead();
      expect(more).toEqual([]);
      expect(kept?.properties.headers?.['x-reason']).toMatch(/^delivered 6 times: Object\.info failed: indigestible$/);
      expect(JSON.parse(JSON.parse(String(kept?.content))['oslo.message'])).toMatchObject({
        payload: { id: 1 },
        _context_user_id: 'u1',
      });
    });

    it('are kept again after that queue was deleted', async () => {
      await listen(recorder());
      for (const body of ['one', 'two']) {
        await sendRaw(body);
        await eventually(async () =>
          expect((await dead().catch(() => [])).map(({ content }) => String(content))).toEqual([body]),
        );
        await withChannel(rabbitUrl, (channel) => channel.deleteQueue(`${queue}.dead`));
      }
    });

    it('that kill their listeners are kept by the count of a quorum queue', async () => {
      const quorum = uniqueTopic('quorum');
      const on = (deliveries: number) =>
        connect({
          controlExchange: quorum,
          rabbit: { rabbitQuorumQueue: true },
          drainTimeout: 0,
          limits: { deliveries },
        });
      await new Notifier(on(20), { topics: [topic] }).info({}, 'vnf.create', 'killer');
      for (let lives = 0; lives < 3; lives++) {
        const interrupted = new Held();
        const listener = await listen(interrupted, {}, on(20));
        await eventually(() => expect(interrupted.begun).toEqual(['killer']));
        await listener.stop();
      }
      const endpoint = recorder();
      await listen(endpoint, {}, on(3));
      await eventually(() =>
        expect(log.messages(/^Dead-lettered/)).toEqual([expect.stringMatching(/delivered 4 times/)]),
      );
      expect(endpoint.got).toEqual([]);
      expect(await dead()).toHaveLength(1);
      await withChannel(rabbitUrl, (channel) => channel.deleteExchange(quorum));
    });
  });

  it('holds no more messages than the concurrency, in a queue', async () => {
    const endpoint = new Held();
    const listener = await listen(endpoint, {}, connect({ concurrency: 4 }));
    await Promise.all(Array.from({ length: 10 }, (_, id) => notifier.info({}, 'vnf.create', id)));
    await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 6, consumers: 1 }));
    expect(endpoint.begun).toHaveLength(4);
    endpoint.release();
    await eventually(() => expect(endpoint.begun).toHaveLength(8));
    const stopping = listener.stop();
    endpoint.release();
    await stopping;
    expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 2, consumers: 0 });
  });

  it('publishes to a queue that was deleted', async () => {
    await notifier.info({}, 'vnf.create', 1);
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(queue));
    await notifier.info({}, 'vnf.create', 2);
    expect(await queueDepth(rabbitUrl, queue)).toEqual({ messages: 1, consumers: 0 });
  });

  it('consumes again when its queue was deleted', async () => {
    const endpoint = recorder();
    await listen(endpoint);
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(queue));
    await eventually(async () => expect((await queueDepth(rabbitUrl, queue))?.consumers).toBe(1));
    await notifier.info({}, 'vnf.create', 1);
    await eventually(() => expect(endpoint.got).toEqual([1]));
  });

  it('cannot listen without a broker', async () => {
    const nowhere = connect({ transportUrl: 'rabbit://guest:wrong@127.0.0.1:1/', rpcResponseTimeout: '200ms' });
    await expect(listen(recorder(), {}, nowhere)).rejects.toThrow(ServerListenError);
    await expect(listen(recorder(), {}, nowhere)).rejects.toThrow(`notifications on ${queue}: Could not reach`);
  });

  it('rejects when the broker refuses the message', async () => {
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(queue, {
        durable: false,
        arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
      });
    });
    await notifier.info({}, 'vnf.create', 1);
    const refused = expect(notifier.info({}, 'vnf.create', 2)).rejects;
    await refused.toThrow(MessageDeliveryFailure);
    await refused.toThrow(
      /Could not send the notification "vnf\.create" to ".*\.info": The broker refused the message/,
    );
  });
});
