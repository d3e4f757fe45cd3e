import {
  BackingOffClient,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageUndeliverable,
  MessagingTimeout,
  Notifier,
  OsloClientProxy,
  RemoteError,
  type RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';

const transport = getRpcTransport({ transportUrl: 'memory://caller-stack/', logger: silent, rpcResponseTimeout: 0.05 });
const fail = () => {
  throw new TypeError('as asked');
};
const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [
  { fail, hang: () => new Promise(() => undefined) },
]);
const client = getRpcClient(transport, new Target({ topic: 't' }));
const proxy = new OsloClientProxy({ transportUrl: 'memory://caller-stack/', topic: 't', logger: silent });

beforeAll(() => server.start());
afterAll(async () => {
  await server.stop({ graceful: false });
  await Promise.all([transport.cleanup(), proxy.close()]);
});

async function reason(work: () => Promise<unknown>): Promise<Error> {
  return work().then(
    () => expect.fail('it resolved'),
    (error: unknown) => error as Error,
  );
}

/** A service of an application, as it waits for a call. */
async function theirService(work: () => Promise<unknown>): Promise<void> {
  await work();
}

it.each<[string, new (...args: never[]) => Error, () => Promise<unknown>]>([
  ['a remote error', RemoteError, () => client.call({}, 'fail')],
  ['a timeout', MessagingTimeout, () => client.prepare({ timeout: '20ms' }).call({}, 'hang')],
  [
    'a timeout after backing off',
    MessagingTimeout,
    () => new BackingOffClient(transport, client.target).call({}, 'hang'),
  ],
  ['a missing server', MessageUndeliverable, () => client.prepare({ topic: 'nobody' }).call({}, 'x')],
  [
    'a cast',
    MessageUndeliverable,
    () => client.prepare({ topic: 'nobody', transportOptions: { atLeastOnce: true } }).cast({}, 'x'),
  ],
  ['a promise passed on', RemoteError, async () => client.call({}, 'fail')],
])("names the caller's line in the stack of %s", async (_name, errorClass, work) => {
  const error = await reason(() => theirService(work));
  expect(error).toBeInstanceOf(errorClass);
  expect(error.stack).toMatch(/at (async )?theirService \(.*caller-stack\.test\.ts/);
  expect(error.stack?.match(/theirService/g)).toHaveLength(1);
  expect(error.stack?.startsWith(`${errorClass.name}: `)).toBe(true);
});

it('names each caller if one error rejects several', async () => {
  async function first(calling: RPCClient) {
    await calling.call({}, 'hang');
  }
  async function second(calling: RPCClient) {
    await calling.call({}, 'hang');
  }
  const closing = getRpcTransport({ transportUrl: 'memory://caller-stack/', logger: silent });
  const calling = getRpcClient(closing, new Target({ topic: 't' }));
  const both = Promise.all([reason(() => first(calling)), reason(() => second(calling))]);
  await closing.cleanup();
  const [one, other] = await both;
  expect(one.constructor).toBe(other.constructor);
  expect([one.message, other.message]).toEqual([one.message, one.message]);
  expect([one.stack, other.stack]).toEqual([
    expect.stringMatching(/at (async )?first /),
    expect.stringMatching(/at (async )?second /),
  ]);
  expect(one.stack).not.toMatch(/second/);
  expect(other.stack).not.toMatch(/first/);
});

it('names the notifier of a notification that cannot be sent', async () => {
  const notifier = new Notifier(transport, { driver: 'messagingv2' });
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const error = await reason(() => theirService(() => notifier.info({}, 'event', circular)));
  expect(error.stack).toMatch(/theirService/);
});

it('names the sender of the first request of a client proxy, and of every one since the first failure', async () => {
  const send = () => lastValueFrom(proxy.send('fail', {}));
  const first = await reason(() => theirService(send));
  expect(first).toBeInstanceOf(RemoteError);
  expect(first.stack).toMatch(/at theirService \(.*caller-stack\.test\.ts/);
  const others = await Promise.all([1, 2, 3].map(() => reason(() => theirService(send))));
  for (const { stack } of others) expect(stack).toMatch(/at theirService \(.*caller-stack\.test\.ts/);
});
