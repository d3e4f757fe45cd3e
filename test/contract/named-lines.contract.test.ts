import { randomUUID } from 'node:crypto';
import {
  BackingOffClient,
  getLogFields,
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type LogFields,
  type LogSink,
  NotificationResult,
  Notifier,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { latch } from '../support/latch.js';

const CONTEXT = { request_id: 'req-77', user_id: 'alice', auth_token: 'secret-token' };
const ID = '[0-9a-f-]{32,36}';

interface Line {
  readonly level: keyof LogSink;
  readonly message: string;
  readonly fields: LogFields;
}

/** A structured logger: it keeps the fields of each line, as pino's `mixin` does. */
class StructuredLogger implements LogSink {
  readonly lines: Line[] = [];
  readonly debug = this.#level('debug');
  readonly log = this.#level('log');
  readonly warn = this.#level('warn');
  readonly error = this.#level('error');

  #level(level: keyof LogSink) {
    return (message: string) => void this.lines.push({ level, message, fields: getLogFields() });
  }
}

const transports = [
  { name: 'memory', url: 'memory://', describeOn: describe },
  { name: 'rabbit', url: rabbitUrl, describeOn: describeWithRabbit },
];

for (const { name, url, describeOn } of transports) {
  describeOn(`Lines about one message on ${name}`, () => {
    const open: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });

    function connect(logger: LogSink, options: OsloMessagingOptions = {}): Transport {
      const transport = getRpcTransport({ transportUrl: url, drainTimeout: 0.1, logger, ...options });
      open.push(() => transport.cleanup());
      return transport;
    }

    async function serve(transport: Transport, topic: string, endpoint: object, server = 's') {
      const serving = getRpcServer(transport, new Target({ topic, server }), [endpoint]);
      await serving.start();
      open.push(() => serving.stop());
      return serving;
    }

    /** Asserts one line, with the names at its end and the same values in its fields. */
    async function expectLine(logger: StructuredLogger, pattern: RegExp, known: Partial<LogFields>): Promise<Line> {
      const line = await eventually(() => {
        const found = logger.lines.filter(({ message }) => pattern.test(message));
        expect(found, JSON.stringify(logger.lines)).toHaveLength(1);
        return found[0] ?? expect.fail('no line');
      });
      const { method, eventType, topic } = known;
      const subject = method === undefined ? `event type "${eventType}"` : `method "${method}"`;
      const names = `\\(${subject}, (?:version "1\\.0", )?topic "${topic}", request id "req-77", message id "${ID}"`;
      expect(line.message).toMatch(new RegExp(`${names}(?:, reply queue "[^"]+")?\\)$`));
      expect(line.fields).toMatchObject({ ...known, requestId: 'req-77', userId: 'alice' });
      expect(line.message).toContain(`message id "${line.fields.messageId}"`);
      expect(JSON.stringify(line)).not.toMatch(/secret-token|\\n/);
      return line;
    }

    it('name the call that a client has timed out, and not the request whose handler makes it', async () => {
      const topic = uniqueTopic();
      const logger = new StructuredLogger();
      const transport = connect(logger, { rpcResponseTimeout: 0.3 });
      const outer = uniqueTopic();
      const inner = new BackingOffClient(transport, new Target({ topic }));
      // Grown timeouts are shared in the process, by method.
      const method = `hang_${name}`;
      const ask = () => inner.call(CONTEXT, method).catch(({ code }: { code: string }) => code);
      await serve(connect(logger), outer, { ask });
      await serve(connect(logger), topic, { [method]: () => new Promise(() => undefined) });
      const client = getRpcClient(connect(logger), new Target({ topic: outer }), { timeout: 10 });
      expect(await client.call({ request_id: 'req-1' }, 'ask')).toBe('TIMEOUT');
      const known = { method, topic };
      const given = await expectLine(logger, /^No reply to "hang_.*" within 0\.3 s; rejecting the call after/, known);
      expect(given).toMatchObject({ level: 'error' });
      expect(given.fields).not.toHaveProperty('server');
      await expectLine(logger, /^Increased the timeout of calls to "hang_.*" to 0\.6 s/, known);
    });

    it('name slow calls and slow handlers, with their duration', async () => {
      const topic = uniqueTopic();
      const logger = new StructuredLogger();
      const transport = connect(logger, { slowCallThreshold: 0 });
      await serve(transport, topic, { work: () => 1 });
      await getRpcClient(transport, new Target({ topic })).call(CONTEXT, 'work');
      const known = { method: 'work', topic, duration: expect.any(Number) };
      const call = await expectLine(logger, /^Slow call to <Target topic=.*>: \d+\.\d{3} s /, known);
      const handler = await expectLine(logger, /^Slow handler .*work: \d+\.\d{3} s /, { ...known, server: 's' });
      expect(call.fields.messageId).toBe(handler.fields.messageId);
      expect(call.message).toContain(`: ${call.fields.duration?.toFixed(3)} s`);
    });

    it('name requests whose handlers fail, and those that no handler serves', async () => {
      const topic = uniqueTopic();
      const logger = new StructuredLogger();
      const transport = connect(logger);
      const fail = () => {
        throw new Error('sold\nout');
      };
      await serve(transport, topic, { fail });
      const client = getRpcClient(transport, new Target({ topic }));
      for (const method of ['fail', 'nix']) await expect(client.call(CONTEXT, method)).rejects.toThrow();
      await expectLine(logger, /^Exception while handling "fail": Error: sold out +at /, { method: 'fail', topic });
      await expectLine(logger, /^Refused the RPC method "nix": no endpoint has/, { method: 'nix', topic });
    });

    it('name a request whose caller has given up', async () => {
      const topic = uniqueTopic();
      const logger = new StructuredLogger();
      const [begun, held] = [latch(), latch()];
      const hold = () => {
        begun.resolve();
        return held.promise;
      };
      await serve(connect(logger, { concurrency: 1, drainTimeout: 5 }), topic, { hold, late: () => undefined });
      const calling = connect(logger);
      const client = getRpcClient(calling, new Target({ topic, server: 's' }));
      const holding = getRpcClient(calling, new Target({ topic })).call({}, 'hold');
      await begun.promise;
      await expect(client.prepare({ timeout: 1 }).call(CONTEXT, 'late')).rejects.toMatchObject({ code: 'TIMEOUT' });
      // It counts from the arrival of the request, which is later.
      const waiting = client
        .prepare({ timeout: 2 })
        .call({}, 'late')
        .catch(() => undefined);
      await waiting;
      held.resolve();
      await holding;
      const line = /^Dropped a request from ".*": its caller gave up \d+ ms ago.*req-77/;
      await expectLine(logger, line, { method: 'late', topic, server: 's' });
    });

    it('name a request that is dead-lettered', async () => {
      const topic = uniqueTopic();
      const logger = new StructuredLogger();
      const begun = latch();
      const work = () => {
        begun.resolve();
        return new Promise(() => undefined);
      };
      const first = await serve(connect(logger, { delivery: 'at-least-once' }), topic, { work });
      await getRpcClient(connect(logger), new Target({ topic })).cast(CONTEXT, 'work');
      await begun.promise;
      await first.stop();
      const limits = { deliveries: 1 };
      await serve(connect(logger, { delivery: 'at-least-once', limits }), topic, { work }, 'b');
      const line = /^(?:Dropped|Dead-lettered) a request from .* returned 1 time/;
      await expectLine(logger, line, { method: 'work', topic, queue: topic });
    });

    it('name a notification that fails and is dead-lettered', async () => {
      const topic = uniqueTopic();
      const logger = new StructuredLogger();
      const transport = connect(logger, { limits: { deliveries: 2 } });
      let isRefused = false;
      const info = () => {
        if (isRefused) throw new Error('sold out');
        isRefused = true;
        return NotificationResult.REQUEUE;
      };
      const options = { allowRequeue: true };
      const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }], options);
      await listener.start();
      open.push(() => listener.stop());
      await new Notifier(transport, { topics: [topic] }).info(CONTEXT, 'order.paid', 1);
      const known = { eventType: 'order.paid', topic };
      await expectLine(logger, /^Notification "order\.paid": Object\.info failed: Error: sold out/, known);
      const line = /^(?:Dropped|Dead-lettered) a notification from ".*\.info": delivered 2 times/;
      await expectLine(logger, line, { ...known, queue: `${topic}.info` });
    });

    if (name === 'memory')
      it('name a duplicate of a request', async () => {
        const topic = uniqueTopic();
        const logger = new StructuredLogger();
        const broker = new TestBroker({ logger, drainTimeout: 0 });
        open.push(() => broker.close());
        const transport = connect(logger, broker.options);
        await serve(transport, topic, { work: () => 1 });
        broker.once('work').duplicate();
        await getRpcClient(transport, new Target({ topic })).call(CONTEXT, 'work');
        await expectLine(logger, /^Dropped a duplicate of message /, { method: 'work', topic, server: 's' });
      });

    if (name === 'rabbit')
      it('name a duplicate, and a message that cannot be read as far as it can', async () => {
        const topic = uniqueTopic();
        const logger = new StructuredLogger();
        await serve(connect(logger), topic, { work: () => 1 });
        const request = { method: 'work', args: {}, _unique_id: randomUUID(), _context_request_id: 'req-77' };
        const body = Buffer.from(JSON.stringify({ ...request, _context_user_id: 'alice' }));
        await withChannel(url, async (channel) => {
          for (const content of [body, body]) channel.sendToQueue(topic, content);
          channel.sendToQueue(topic, Buffer.from('{"args": {}, "_msg_id": "m-1", "_reply_q": "reply_none"}'));
          await channel.waitForConfirms();
        });
        const known = { method: 'work', topic, server: 's', queue: topic, messageId: request._unique_id };
        await expectLine(logger, /^Dropped a duplicate of message /, known);
        await eventually(() =>
          expect(logger.lines.filter(({ message }) => message.startsWith('Refused a message'))).toEqual([
            {
              level: 'warn',
              message: expect.stringMatching(/: "method" is not a string .*\(topic ".*", message id "m-1"\)$/),
              fields: { topic, server: 's', queue: topic, messageId: 'm-1' },
            },
          ]),
        );
      });

    if (name === 'rabbit')
      it('name a duplicate of a notification', async () => {
        const topic = uniqueTopic();
        const logger = new StructuredLogger();
        const transport = connect(logger);
        let handled = 0;
        const info = () => void handled++;
        const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }]);
        await listener.start();
        open.push(() => listener.stop());
        const [message_id, _unique_id] = [randomUUID(), randomUUID()];
        const context = { _context_request_id: 'req-77', _context_user_id: 'alice' };
        const message = { message_id, event_type: 'order.paid', priority: 'INFO', payload: 1, _unique_id, ...context };
        await withChannel(url, async (channel) => {
          channel.sendToQueue(`${topic}.info`, Buffer.from(JSON.stringify(message)));
          await eventually(() => expect(handled).toBe(1));
          channel.sendToQueue(`${topic}.info`, Buffer.from(JSON.stringify(message)));
          await channel.waitForConfirms();
        });
        const known = { eventType: 'order.paid', topic, queue: `${topic}.info`, messageId: message_id };
        await expectLine(logger, /^Dropped a duplicate of notification /, known);
      });
  });
}
