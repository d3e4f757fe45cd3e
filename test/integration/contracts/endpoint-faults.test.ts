import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  call,
  defineRpcApi,
  getRpcApiClient,
  getRpcTransport,
  OsloServer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { fakeRpcApi } from 'nestjs-oslo-messaging/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const api = defineRpcApi({
  topic: uniqueTopic('endpoint-faults'),
  version: '1.1',
  methods: {
    get: call<{ id: string }, string>(),
    other: call<object, string>({ name: 'other_one' }),
    newer: call<object, string, '1.1'>({ since: '1.1' }),
  },
});

@RpcEndpoint(api)
class Base {
  get(@RpcArg('id') id: string): string {
    return id;
  }
  other(): string {
    return 'other';
  }
  newer(): string {
    return 'newer';
  }
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(controllers: (new () => object)[], logger: LogRecorder | typeof silent = silent) {
  const url = `memory://${uniqueTopic()}/`;
  const module = await Test.createTestingModule({ controllers }).compile();
  const strategy = new OsloServer({ transportUrl: url, logger });
  const app = module.createNestMicroservice({ strategy, logger: false });
  closing.push(() => app.close());
  await app.listen();
  const transport = getRpcTransport({ transportUrl: url, logger: silent });
  closing.push(() => transport.cleanup());
  return getRpcApiClient(transport, api);
}

describe('a subclass without @RpcEndpoint', () => {
  it('that overrides a method of the API does not start, and is told the method', async () => {
    class Sub extends Base {
      override get(): string {
        return 'sub';
      }
      override other(): string {
        return 'sub';
      }
    }
    const starting = start([Sub]);
    await expect(starting).rejects.toBeInstanceOf(ConfigurationError);
    await expect(starting).rejects.toThrow(
      /A subclass of Base does not answer its API \(<Target .*>\): it overrides "get", "other", and is no endpoint itself/,
    );
    class All extends Sub {
      override newer(): string {
        return 'sub';
      }
    }
    await expect(start([All])).rejects.toThrow(/"get", "other", "newer"/);
  });

  it('answers where it overrides nothing, or its base class answers beside it', async () => {
    class Same extends Base {}
    expect(await (await start([Same])).get({ id: 'a' })).toBe('a');
    @RpcEndpoint(api)
    class Decorated extends Base {
      override other(): string {
        return 'decorated';
      }
    }
    expect(await (await start([Decorated])).other({})).toBe('decorated');
  });
});

describe('@RpcMethod with another name on a method of the API', () => {
  class Handlers {
    other(): string {
      return 'other';
    }
    newer(): string {
      return 'newer';
    }
  }

  it('is refused: the name would be lost', () => {
    class Renamed extends Handlers {
      @RpcMethod('renamed')
      get(): string {
        return 'renamed';
      }
    }
    expect(() => RpcEndpoint(api)(Renamed)).toThrow(ConfigurationError);
    expect(() => RpcEndpoint(api)(Renamed)).toThrow(
      /@RpcMethod\("renamed"\) on Renamed\.get: "get" is a method of the API/,
    );
  });

  it('is kept where another method answers, or the name is that on the wire', async () => {
    @RpcEndpoint(api)
    class Swapped {
      @RpcMethod('additional')
      get(): string {
        return 'additional';
      }
      @RpcMethod('get')
      answer(_args: object): string {
        return 'answer';
      }
      @RpcMethod('other_one')
      other(): string {
        return 'other';
      }
      newer(): string {
        return 'newer';
      }
    }
    const client = await start([Swapped]);
    expect(await client.get({ id: 'a' })).toBe('answer');
    expect(await client.$client.call({}, 'additional')).toBe('additional');
    expect(await client.other({})).toBe('other');
  });
});

it('a refused argument is logged at debug, as a refusal by a schema', async () => {
  const log = new LogRecorder();
  const client = await start([Base], log);
  await expect(client.$client.call({}, 'get', { id: 'a', more: 1 })).rejects.toMatchObject({ excType: 'TypeError' });
  await expect(client.$client.call({}, 'get')).rejects.toMatchObject({ excType: 'TypeError' });
  expect(log.messages(/./, 'error')).toEqual([]);
  expect(log.messages(/got an unexpected keyword argument 'more'/, 'debug')).toHaveLength(1);
});

it('$prepare and $canSend of a client can be destructured', async () => {
  const fake = fakeRpcApi(api, { get: ({ id }) => id, newer: () => 'newer' });
  const { $prepare, $canSend } = fake;
  const capped = $prepare({ versionCap: '1.0' });
  expect(await capped.get({ id: 'a' })).toBe('a');
  expect([$canSend('newer'), capped.$canSend('newer')]).toEqual([true, false]);
  const old = fakeRpcApi<typeof api, '1.0'>(api, { newer: () => 'newer' }, { versionCap: '1.0' });
  expect(await old.$prepare<'1.1'>({ versionCap: '1.1' }).newer({})).toBe('newer');
});
