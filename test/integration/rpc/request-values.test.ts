import 'reflect-metadata';
import {
  BackingOffClient,
  ConfigurationError,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  Notifier,
  OsloClientProxy,
  OsloMessagingModule,
  OsloRecord,
  RequestContext,
  RequestContextSerializer,
  Target,
} from 'nestjs-oslo-messaging';
import { lastValueFrom, of } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';

const transportUrl = 'memory://request-values/';
const transport = getRpcTransport({ transportUrl, logger: silent, rpcResponseTimeout: 5 });
const proxy = new OsloClientProxy({ transportUrl, topic: 't', logger: silent });
const target = new Target({ topic: 't', version: '1.0' });
const client = getRpcClient(transport, target);
const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [
  { echo: (_ctxt: unknown, args: unknown) => args, who: (ctxt: unknown) => ctxt },
]);

beforeAll(() => server.start());
afterAll(async () => {
  await server.stop();
  await Promise.all([transport.cleanup(), proxy.close()]);
});

/** Casts a value that TypeScript's types refuse. */
const any = (value: unknown) => value as object;
const refusal = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return String(error);
  }
};

class Address {
  street = 'x';
}

describe('arguments and contexts that JSON would lose', () => {
  const odd: [string, unknown, RegExp][] = [
    ['a promise', Promise.resolve({ a: 1 }), /got a Promise: is an "await" missing\?/],
    ['a map', new Map([['a', 1]]), /got a Map/],
    ['a set', new Set(['a']), /got a Set/],
    ['an error', new TypeError('secret text'), /got a TypeError/],
    ['a text', 'secret text', /got a string/],
    ['a number', 7, /got a number/],
    ['an array', [{ a: 1 }], /got an array/],
    ['a date', new Date(0), /got a Date/],
    ['bytes', new Uint8Array(2), /got an Uint8Array/],
    ['a function', () => ({ a: 1 }), /got a function/],
    ['an observable', of({ a: 1 }), /got an Observable: await/],
    ['a URL', new URL('http://secret@host/'), /got an URL/],
  ];

  it.each(odd)('are refused by calls, casts and notifications: %s', async (_name, value, message) => {
    const record = () => new OsloRecord(any(value));
    const notifier = new Notifier(transport, { driver: 'test' });
    const all = [
      () => client.call({}, 'echo', any(value)),
      () => client.call(value, 'echo', {}),
      () => client.cast({}, 'echo', any(value)),
      () => client.cast(value, 'echo', {}),
      () => client.prepare(any(value)),
      () => lastValueFrom(proxy.send('echo', value)),
      () => lastValueFrom(proxy.send('echo', new OsloRecord({}, { context: value }))),
      () => lastValueFrom(proxy.emit('echo', value)),
      () => notifier.info(value, 'event', {}),
      record,
      () => new OsloRecord({}, any(value)),
    ];
    for (const work of all) {
      expect(await refusal(work), String(work)).toMatch(message);
      expect(await refusal(work)).not.toMatch(/secret/);
    }
  });

  it('are refused in swapped places', async () => {
    expect(await refusal(() => client.call({}, 'echo', new RequestContext()))).toMatch(/it goes before the method/);
    const notifier = new Notifier(transport, { driver: 'test' });
    expect(await refusal(() => notifier.info({}, 'event', Promise.resolve(1)))).toMatch(/Payload of event.*"await"/);
  });

  it('are refused when a serializer returns a Promise', async () => {
    class Late extends RequestContextSerializer {
      override serializeContext(): never {
        return Promise.resolve({}) as never;
      }
    }
    const late = getRpcClient(transport, target, { serializer: new Late() });
    expect(await refusal(() => late.call({}, 'echo'))).toMatch(/serializeContext: .* it returned a Promise/);
  });

  it('are accepted from classes with public fields only', async () => {
    expect(await client.call({}, 'echo', new Address())).toEqual({ street: 'x' });
    expect(await client.call({}, 'echo', Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
    expect(await client.call(new RequestContext({ userId: 'u' }), 'who')).toMatchObject({ user_id: 'u' });
    expect(await client.call(null, 'who')).toEqual({});
  });
});

describe('options of clients', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['prepare', () => client.prepare(any({ timout: 5 })), /Unknown option "timout"; did you mean "timeout"\?/],
    ['a client', () => getRpcClient(transport, target, any({ retrys: 1 })), /"retrys"; did you mean "retry"\?/],
    ['a backing-off client', () => new BackingOffClient(transport, target, any({ timout: 1 })), /mean "timeout"/],
    [
      'transport options',
      () => client.prepare({ transportOptions: any({ atLeastOnc: true }) }),
      /"transportOptions.atLeastOnce"/,
    ],
    [
      'a serializer',
      () => getRpcClient(transport, target, any({ serializer: {} })),
      /"serializer": expected a Serializer/,
    ],
    ['fanout', () => client.prepare(any({ fanout: 'yes' })), /Target.fanout: expected true or false; got "yes"/],
    ['a pattern', () => lastValueFrom(proxy.send({ method: 'echo', topik: 't' }, {})), /"topik"; did you mean "topic"/],
    ['a record', () => lastValueFrom(proxy.send('echo', new OsloRecord({}, any({ timout: 1 })))), /mean "timeout"/],
    [
      'forFeature',
      () => OsloMessagingModule.forFeature([any({ target, timout: 1 }) as never]),
      /Unknown forFeature option "timout"; did you mean "timeout"/,
    ],
    [
      'forFeature without a topic',
      () => OsloMessagingModule.forFeature([{ target: {} }]),
      /expected a target with a topic/,
    ],
  ])('are refused when they are unknown or wrong: %s', async (_name, work, message) => {
    expect(await refusal(work)).toMatch(message);
  });

  it('are cleared by undefined and null, as by None in Python, and kept when absent', () => {
    const first = client.prepare({ server: 's', timeout: 5, versionCap: '1.0', retry: 0 });
    expect(first).toMatchObject({ timeout: 5, target: { server: 's', version: '1.0', topic: 't' } });
    const capped = new BackingOffClient(transport, new Target({ topic: 't', version: '1.5', server: 's' }), {
      versionCap: '1.2',
      timeout: '5s',
    });
    expect([capped.timeout, capped.canSendVersion()]).toEqual(['5s', false]);
    expect(capped.prepare({ timeout: 1 }).target).toMatchObject({ server: 's', version: '1.5' });
    for (const none of [undefined, null]) {
      const cleared = capped.prepare({ server: none, version: none, versionCap: none, timeout: none });
      expect(cleared).toMatchObject({
        timeout: undefined,
        target: { server: undefined, version: undefined, topic: 't' },
      });
      expect(cleared.canSendVersion('9.0')).toBe(true);
    }
  });
});
