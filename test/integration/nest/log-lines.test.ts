import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Controller, type INestMicroservice, Logger, type LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  getBatchNotificationListener,
  getLogFields,
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type LogFields,
  NotificationEndpoint,
  Notifier,
  OnNotification,
  OsloLogger,
  type OsloMessagingOptions,
  OsloServer,
  RequestContext,
  RpcEndpoint,
  RpcMethod,
  runWithRequestContext,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWithPython, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

const CONTEXT = {
  user_id: 'alice',
  project_id: 'shop',
  user_domain: 'default',
  request_id: 'req-1',
  global_request_id: 'req-0',
  auth_token: 'secret-token',
};

const written: string[] = [];
const open: (() => Promise<unknown>)[] = [];

/** Lines on standard output and standard error. */
function captureLines(): void {
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
  }
}

const lines = (pattern: RegExp) => written.flatMap((text) => text.split('\n')).filter((line) => pattern.test(line));

beforeEach(captureLines);
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  vi.restoreAllMocks();
  written.length = 0;
});

async function serve(topic: string, logger: LoggerService, options: OsloMessagingOptions = {}): Promise<Transport> {
  @Controller()
  @RpcEndpoint({ topic })
  class Orders {
    private readonly logger = new Logger('OrdersService');

    @RpcMethod()
    place(): LogFields {
      this.logger.log('placing an order');
      return getLogFields();
    }

    @RpcMethod('hang\nfalse')
    hang(): Promise<never> {
      return new Promise(() => undefined);
    }

    @RpcMethod('hang\ntrue')
    hangToo(): Promise<never> {
      return this.hang();
    }

    @RpcMethod()
    refuse(): never {
      throw new Error('sold out');
    }
  }
  const module = await Test.createTestingModule({ controllers: [Orders] }).compile();
  const strategy = new OsloServer({ transportUrl: 'memory://', host: 'host1', ...options });
  const app: INestMicroservice = module.createNestMicroservice({ strategy, logger });
  open.push(() => app.close());
  await app.listen();
  const transport = getRpcTransport({ transportUrl: 'memory://', logger: silent });
  open.push(() => transport.cleanup());
  return transport;
}

describe('OsloLogger', () => {
  const REQUEST = '\\[req-0 req-1 alice shop - - default -\\]';

  it('writes lines in the form of oslo.log, with the request that is being handled', async () => {
    const topic = uniqueTopic();
    const client = getRpcClient(await serve(topic, new OsloLogger()), new Target({ topic }));
    new Logger('Main').warn('outside of a request');
    await client.call(CONTEXT, 'place');
    const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}';
    expect(lines(/placing/)).toEqual([
      expect.stringMatching(new RegExp(`^${time} ${process.pid} INFO OrdersService ${REQUEST} placing an order$`)),
    ]);
    expect(lines(/outside/)).toEqual([
      expect.stringMatching(new RegExp(`^${time} ${process.pid} WARNING Main \\[-\\] outside of a request$`)),
    ]);
    expect(written.join('')).not.toContain('secret-token');
  });

  it("names the request in the library's own lines", async () => {
    const topic = uniqueTopic();
    const client = getRpcClient(await serve(topic, new OsloLogger()), new Target({ topic }));
    await expect(client.call(CONTEXT, 'refuse')).rejects.toThrow('sold out');
    expect(lines(/sold out/)).toEqual([
      expect.stringMatching(new RegExp(` ERROR OsloMessaging ${REQUEST} Exception while handling "refuse": `)),
    ]);
  });

  it('names the call in the lines of its caller, as text and as JSON', async () => {
    const topic = uniqueTopic();
    await serve(topic, new OsloLogger());
    for (const json of [false, true]) {
      const transport = getRpcTransport({
        transportUrl: 'memory://',
        rpcResponseTimeout: 0.05,
        logger: new OsloLogger({ json }),
      });
      open.push(() => transport.cleanup());
      const call = new BackingOffClient(transport, new Target({ topic })).call(CONTEXT, `hang\n${json}`);
      await expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
    }
    const [text = '', json = '{}'] = lines(/No reply to/);
    expect(text).toMatch(
      new RegExp(`${REQUEST} No reply to "hang false" .*\\(method "hang false", topic "${topic}", `),
    );
    const fields = { requestId: 'req-1', userId: 'alice', topic, method: 'hang true', messageId: expect.any(String) };
    expect(JSON.parse(json)).toMatchObject({ ...fields, level: 'error' });
    expect(written.join('')).not.toContain('secret-token');
  });

  it('adds the fields to lines in JSON', async () => {
    const topic = uniqueTopic();
    const client = getRpcClient(await serve(topic, new OsloLogger({ json: true })), new Target({ topic }));
    await client.call(CONTEXT, 'place');
    await expect(client.call(CONTEXT, 'refuse')).rejects.toThrow('sold out');
    const fields = { requestId: 'req-1', globalRequestId: 'req-0', userId: 'alice', projectId: 'shop', topic };
    const parsed = lines(/^\{.*(placing|sold out)/).map((line): unknown => JSON.parse(line));
    expect(parsed).toEqual([
      expect.objectContaining({ ...fields, method: 'place', exchange: 'tacker', messageId: expect.any(String) }),
      expect.objectContaining({ ...fields, method: 'refuse', exchange: 'tacker', context: 'OsloMessaging' }),
    ]);
  });

  it('adds them to lines about slow handlers and unknown methods, and the attempt of a repeated request', async () => {
    const topic = uniqueTopic();
    const transport = await serve(topic, new OsloLogger({ json: true }), { slowCallThreshold: 0 });
    const client = getRpcClient(transport, new Target({ topic }));
    await client.call({ ...CONTEXT }, 'place');
    await expect(client.call(CONTEXT, 'nix')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    // As a client with a retryPolicy sends a request again.
    const repeating = getRpcTransport({
      transportUrl: 'memory://',
      logger: silent,
      clientInterceptors: [(message, next) => next({ ...message, context: { ...message.context, rpc_attempt: 2 } })],
    });
    open.push(() => repeating.cleanup());
    const again = getRpcClient(repeating, new Target({ topic }));
    expect(await again.call(CONTEXT, 'place')).toMatchObject({ attempt: 2, server: 'host1' });
    const fields = { requestId: 'req-1', userId: 'alice', exchange: 'tacker', topic, server: 'host1' };
    const parsed = lines(/^\{.*(Slow handler|Refused the RPC)/).map((line): unknown => JSON.parse(line));
    expect(parsed).toEqual([
      expect.objectContaining({ ...fields, method: 'place', messageId: expect.any(String) }),
      expect.objectContaining({ ...fields, method: 'nix', messageId: expect.any(String) }),
      expect.objectContaining({ ...fields, method: 'place', attempt: 2 }),
    ]);
    expect(parsed[0]).not.toHaveProperty('attempt');
  });

  it('keeps a hostile context on one line, and writes the line in any case', () => {
    const logger = new OsloLogger();
    runWithRequestContext({ request_id: 'req\n2026 forged', user_id: 'x'.repeat(5000) }, () => logger.log('text'));
    runWithRequestContext(
      {
        toDict: () => {
          throw new Error('no context');
        },
      },
      () => logger.log('text'),
    );
    expect(lines(/text$/)).toEqual([
      expect.stringMatching(/ INFO Nest \[None req 2026 forged x{200}… - - - - -\] text$/),
      expect.stringMatching(/ INFO Nest \[-\] text$/),
    ]);
  });

  describeWithPython('beside Python', () => {
    it('writes the same lines as oslo.log', async () => {
      const contexts = [
        CONTEXT,
        { user_id: 'u', request_id: 'req-2' },
        {
          user_id: 'u',
          project_id: 'p',
          project_domain: 'pd',
          user_domain: 'ud',
          system_scope: 'all',
          request_id: 'req-3',
        },
        { domain: 'd', request_id: 'req-4' },
      ];
      const program = `
import json, logging, sys
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_log import formatters, log
log.register_options(cfg.CONF)
cfg.CONF([], project='peer')
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(formatters.ContextFormatter(datefmt=cfg.CONF.log_date_format))
logger = logging.getLogger('OrdersService')
logger.addHandler(handler)
logger.setLevel(logging.DEBUG)
for values in json.loads(sys.argv[1]):
    context = RequestContext.from_dict(dict(values, user=values.get('user_id')), overwrite=False)
    logger.warning('text', extra={'context': context})
`;
      const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', program, JSON.stringify(contexts)]);
      const logger = new OsloLogger();
      for (const context of contexts)
        runWithRequestContext(RequestContext.fromDict(context), () => logger.warn('text', 'OrdersService'));
      const withoutTime = (line: string) => line.replace(/^\S+ \S+ \d+ /, '');
      expect(lines(/text$/).map(withoutTime)).toEqual(stdout.trim().split('\n').map(withoutTime));
      expect(lines(/text$/).map((line) => line.replace(/\d/g, '0').slice(0, 24))).toEqual(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.replace(/\d/g, '0').slice(0, 24)),
      );
    });
  });
});

describe('getLogFields', () => {
  it('has the fields of a request of a plain endpoint, and none outside of a request', async () => {
    const topic = uniqueTopic();
    const transport = getRpcTransport({ transportUrl: 'memory://', logger: silent });
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [{ fields: () => getLogFields() }]);
    await server.start();
    const client = getRpcClient(transport, new Target({ topic }));
    expect(await client.call({ request_id: 'req-9', tenant_id: 't' }, 'fields')).toEqual({
      requestId: 'req-9',
      projectId: 't',
      topic,
      server: 's',
      method: 'fields',
      messageId: expect.any(String),
    });
    // What comes off the wire makes no second line, and hides nothing behind a value that is no text.
    const hostile = {
      request_id: 'req-1\r\n\u001b[31mERROR',
      user_id: { id: 1 },
      user: 'bob',
      project_id: 'p'.repeat(9000),
    };
    expect(await client.call(hostile, 'fields')).toMatchObject({
      requestId: 'req-1 [31mERROR',
      userId: 'bob',
      projectId: `${'p'.repeat(200)}…`,
    });
    expect(getLogFields()).toEqual({});
    await server.stop();
    await transport.cleanup();
  });

  it.each([
    ['userId', 'user_id'],
    ['userId', 'user'],
    ['projectId', 'project_id'],
    ['projectId', 'project'],
    ['projectId', 'tenant_id'],
    ['projectId', 'tenant'],
  ] as const)('reads the %s in %s, as a RequestContext and OsloLogger do', (field, key) => {
    const context = RequestContext.fromDict({ request_id: 'req-1', [key]: 'one' });
    expect(context[field]).toBe('one');
    runWithRequestContext(context, () => {
      expect(getLogFields()[field]).toBe('one');
      new OsloLogger().log('spelled');
    });
    const identity = field === 'userId' ? 'one -' : '- one';
    expect(lines(/spelled$/)).toEqual([expect.stringContaining(`[None req-1 ${identity} - - - -] spelled`)]);
  });

  it('has the topic and the event type of a notification; of a batch, what its notifications have in common', async () => {
    const topic = uniqueTopic();
    const transport = getRpcTransport({ transportUrl: 'memory://', logger: silent });
    const fields: LogFields[] = [];
    const endpoint = { info: () => void fields.push(getLogFields()) };
    const target = new Target({ topic });
    const single = getNotificationListener(transport, [target], [endpoint]);
    await single.start();
    const notifier = new Notifier(transport, { topics: [topic] });
    await notifier.info({ request_id: 'req-7' }, 'order.paid', 1);
    await eventually(() => expect(fields).toHaveLength(1));
    expect(fields).toEqual([
      { requestId: 'req-7', topic, eventType: 'order.paid', messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ]);
    await single.stop();
    const batch = getBatchNotificationListener(transport, [target], [endpoint], { batchSize: 2 });
    await batch.start();
    for (const n of [1, 2]) await notifier.info({ request_id: `req-${n}` }, 'order.sent', n);
    await eventually(() => expect(fields).toHaveLength(2));
    expect(fields[1]).toEqual({ topic, eventType: 'order.sent' });
    await batch.stop();
    await transport.cleanup();
  });

  it('has them in an @OnNotification method, and in the warning of a slow one', async () => {
    const topic = uniqueTopic();
    const fields: LogFields[] = [];
    @Controller()
    @NotificationEndpoint({ topics: [topic] })
    class Billing {
      @OnNotification({ eventType: 'order.*' })
      onOrder(): void {
        fields.push(getLogFields());
      }
    }
    const module = await Test.createTestingModule({ controllers: [Billing] }).compile();
    const strategy = new OsloServer({ transportUrl: 'memory://', host: 'host1', slowCallThreshold: 0 });
    const app = module.createNestMicroservice({ strategy, logger: new OsloLogger({ json: true }) });
    open.push(() => app.close());
    await app.listen();
    const transport = getRpcTransport({ transportUrl: 'memory://', logger: silent });
    open.push(() => transport.cleanup());
    await new Notifier(transport, { topics: [topic] }).info({ request_id: 'req-8' }, 'order.paid', 1);
    const known = { requestId: 'req-8', topic, eventType: 'order.paid', messageId: expect.any(String) };
    await eventually(() => expect(fields).toEqual([known]));
    await eventually(() => expect(lines(/Slow handler/)).toHaveLength(1));
    expect(lines(/Slow handler/).map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({
        ...known,
        level: 'warn',
        message: expect.stringMatching(
          /^Slow handler Billing\.onOrder of a notification: \d+\.\d{3} s \(event type "order\.paid", topic ".*", request id "req-8", message id "[^"]+"\)$/,
        ),
      }),
    ]);
  });
});
