import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Controller, type INestMicroservice, Logger, type LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  getLogFields,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type LogFields,
  OsloLogger,
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

async function serve(topic: string, logger: LoggerService): Promise<Transport> {
  @Controller()
  @RpcEndpoint({ topic })
  class Orders {
    private readonly logger = new Logger('OrdersService');

    @RpcMethod()
    place(): LogFields {
      this.logger.log('placing an order');
      return getLogFields();
    }

    @RpcMethod()
    refuse(): never {
      throw new Error('sold out');
    }
  }
  const module = await Test.createTestingModule({ controllers: [Orders] }).compile();
  const strategy = new OsloServer({ transportUrl: 'memory://', host: 'host1' });
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

  it('has the same fields in lines about slow and refused requests', async () => {
    const topic = uniqueTopic();
    const logger = new OsloLogger({ json: true });
    const transport = getRpcTransport({ transportUrl: 'memory://', slowCallThreshold: 0, logger });
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [{ work: () => 1 }]);
    open.push(
      () => transport.cleanup(),
      () => server.stop(),
    );
    await server.start();
    const client = getRpcClient(transport, new Target({ topic }));
    await client.call(CONTEXT, 'work');
    await expect(client.call(CONTEXT, 'nix')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    const fields = { requestId: 'req-1', userId: 'alice', projectId: 'shop', topic, messageId: expect.any(String) };
    const parsed = lines(/^\{.*(Slow handler|Refused)/).map((line): unknown => JSON.parse(line));
    expect(parsed).toEqual([
      expect.objectContaining({ ...fields, method: 'work' }),
      expect.objectContaining({ ...fields, method: 'nix' }),
    ]);
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
    it('writes what oslo.log writes', async () => {
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
      method: 'fields',
      messageId: expect.any(String),
    });
    expect(getLogFields()).toEqual({});
    await server.stop();
    await transport.cleanup();
  });
});
