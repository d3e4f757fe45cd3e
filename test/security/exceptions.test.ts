import {
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  RemoteError,
  RPCClient,
  registerRemoteException,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { silent } from '../support/silent.js';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Returns the failure of a call whose handler throws this error, for a client with these options. */
async function failureOf(thrown: unknown, method = 'fail', options: OsloMessagingOptions = {}): Promise<unknown> {
  const transport = getRpcTransport({
    transportUrl: `memory://${uniqueTopic('exceptions')}`,
    logger: silent,
    ...options,
  });
  const endpoint = {
    fail: () => {
      throw thrown;
    },
    unwritable: () => {
      const result: Record<string, unknown> = {};
      result['itself'] = result;
      return result;
    },
  };
  const server = getRpcServer(transport, new Target({ topic: 't', server: 'h' }), [endpoint]);
  await server.start();
  endings.push(async () => {
    await server.stop();
    await transport.cleanup();
  });
  return new RPCClient(transport, new Target({ topic: 't' })).call({}, method).catch((error: unknown) => error);
}

describe('a class that a failure names', () => {
  let made = 0;
  class System extends Error {
    constructor(...args: string[]) {
      super(args.join());
      made++;
    }
  }

  it.each(['os', 'fs', 'child_process', 'node:fs', '__main__', 'os.path'])(
    'is not instantiated if its module, %s, is not allowed, even when registered',
    async (module) => {
      registerRemoteException(System, { module, class: 'system' });
      const thrown = new System('rm');
      made = 0;
      expect(await failureOf(thrown)).toMatchObject({ excType: 'system', value: 'rm', code: 'REMOTE' });
      expect(made).toBe(0);
      expect(await failureOf(thrown, 'fail', { allowedRemoteExmods: [`${module}.more`] })).toBeInstanceOf(RemoteError);
      expect(await failureOf(thrown, 'fail', { allowedRemoteExmods: [module] })).toBeInstanceOf(System);
      expect(made).toBe(1);
    },
  );

  it('is not instantiated if it is not registered, even with an allowed module', async () => {
    const allowedRemoteExmods = ['os', 'fs', 'builtins'];
    for (const error of [
      new Error('plain'),
      new TypeError('plain'),
      Object.assign(new Error('plain'), { name: 'eval' }),
    ])
      expect(await failureOf(error, 'fail', { allowedRemoteExmods })).toBeInstanceOf(RemoteError);
  });
});

describe('sendTracebacks', () => {
  const cases = [
    ['what a handler throws', 'fail'],
    ['a method that is not there', 'missing'],
    ['a result that is no JSON', 'unwritable'],
  ];

  it.each(cases)('false withholds the stack of this process: %s', async (_name, method) => {
    const error = await failureOf(new Error('on purpose'), method, { sendTracebacks: false });
    expect(error).toMatchObject({ code: 'REMOTE', traceback: [] });
    expect((error as RemoteError).value).not.toBe('');
  });

  it.each(cases)('sends the stack by default, like Python: %s', async (_name, method) => {
    const error = (await failureOf(new Error('on purpose'), method)) as RemoteError;
    expect(error.traceback.join('')).toMatch(/\n\s+at .*\.[jt]s:\d+/);
  });
});
