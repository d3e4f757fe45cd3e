import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import {
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  NotificationEndpoint,
  OnNotification,
  OsloServer,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../testkit/free-port.js';
import { eventually } from '../../support/eventually.js';
import { held, more } from '../../support/leftovers.js';
import { silent } from '../../support/silent.js';

/** Time for a close, in milliseconds: far below the 60 s that a start waits for its broker. */
const PROMPT_MS = 3000;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Resolves with the milliseconds that the work took. */
async function timed(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

@RpcEndpoint()
class Endpoint {
  @RpcMethod()
  run(): void {}
}

@NotificationEndpoint()
class Log {
  @OnNotification()
  on(): void {}
}

describe('a start that waits for a broker that is away', () => {
  const away = async () => ({ transportUrl: `rabbit://127.0.0.1:${await freePort()}/`, logger: silent });

  it('ends with the close of its application, without an error', async () => {
    const before = held();
    const strategy = new OsloServer({ ...(await away()), topic: 'away', host: 'one' });
    const module = await Test.createTestingModule({ controllers: [Endpoint, Log] }).compile();
    const app = module.createNestMicroservice({ strategy, logger: false });
    const listening = app.listen();
    await eventually(() => expect(strategy.unwrap().health().lastError?.message).toContain('ECONNREFUSED'));
    expect(await timed(app.close())).toBeLessThan(PROMPT_MS);
    await listening;
    expect(strategy.unwrap().health().status).toBe('closed');
    expect(more(held(), before)).toEqual({});
  });

  it('can be waited for by any number of calls, without a warning of Node.js', async () => {
    const warnings: Error[] = [];
    const see = (warning: Error) => void warnings.push(warning);
    process.on('warning', see);
    closing.push(async () => void process.off('warning', see));
    const transport = getRpcTransport({ ...(await away()), rpcResponseTimeout: '200ms' });
    closing.push(() => transport.cleanup());
    const client = getRpcClient(transport, new Target({ topic: 'away' }));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => client.call({}, 'run')));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(warnings).toEqual([]);
  });

  it('rejects when its server or its listener is stopped', async () => {
    const transport = getRpcTransport(await away());
    closing.push(() => transport.cleanup());
    const servers = [
      getRpcServer(transport, new Target({ topic: 'away', server: 'one' }), [{ run: () => null }]),
      getNotificationListener(transport, [new Target({ topic: 'away' })], [{ info: () => undefined }]),
    ];
    const starts = servers.map((server) => server.start().catch((error: unknown) => error));
    await eventually(() => expect(transport.health().lastError?.message).toContain('ECONNREFUSED'));
    expect(await timed(Promise.all(servers.map((server) => server.stop())))).toBeLessThan(PROMPT_MS);
    for (const error of await Promise.all(starts))
      expect(error).toMatchObject({ code: 'SERVER_LISTEN', message: expect.stringContaining('was stopped') });
  });
});
