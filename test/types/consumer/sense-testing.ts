// Lines that must compile.
import { Test } from '@nestjs/testing';
import {
  type BackingOffClient,
  call,
  cast,
  defineRpcApi,
  type Notifier,
  type RequestContext,
  type RPCClient,
  type RpcApiClient,
} from 'nestjs-oslo-messaging';
import {
  type CallRecord,
  type CastRecord,
  type FakeApiHandlers,
  type FakeClientOptions,
  type FakeNotifier,
  type FakeNotifierOptions,
  type FakeRpcApi,
  type FakeRpcClient,
  type Fault,
  fakeNotifier,
  fakeRpcApi,
  fakeRpcApiProvider,
  fakeRpcClient,
  type MessageFilter,
  type NotificationRecord,
  NotSettled,
  osloMatchers,
  type StandInHandlers,
  TestBroker,
} from 'nestjs-oslo-messaging/testing';
import { expect } from 'vitest';

interface Sum {
  a: number;
  b: number;
}

/** A fake has the signatures of the real thing. */
export const client: FakeRpcClient & BackingOffClient & RPCClient = fakeRpcClient({
  add: async ({ a, b }: Sum, context) => [a + b, context.userId],
  untyped: (args, _context, { target, kind }) => [args, target.server, kind],
  none: () => undefined,
  method({ a }: { a: string }) {
    return a;
  },
});
export const notifier: FakeNotifier & Notifier = fakeNotifier({ publisherId: 'x', onNotify: ({ payload }) => payload });
export const handlers: StandInHandlers = { add: ({ a, b }: Sum) => a + b };
export const options: [FakeClientOptions, FakeNotifierOptions] = [
  { timeout: '5s', versionCap: '1.2' },
  { topics: ['x'] },
];

const api = defineRpcApi({
  topic: 't',
  version: '1.1',
  methods: { get: call<{ id: string }, { name: string }>(), heal: cast<{ id: string }, '1.1'>({ since: '1.1' }) },
});
const some: FakeApiHandlers<typeof api> = { get: async ({ id }, { userId }) => ({ name: `${id} ${userId}` }) };
/** A fake has the type of the real client. */
export const typed: FakeRpcApi<typeof api> & RpcApiClient<typeof api> = fakeRpcApi(api, some);
export const capped: RpcApiClient<typeof api, '1.0'> = fakeRpcApi(
  api,
  { heal: () => undefined },
  { versionCap: '1.0' },
);
export const provided: symbol = fakeRpcApiProvider(api, { get: () => ({ name: 'x' }) }, { broker: 'b' }).provide;

export async function sense(context: RequestContext): Promise<void> {
  const broker = new TestBroker({ rpcResponseTimeout: '1s', maxRecords: 5 });
  const builder = Test.createTestingModule({});
  await broker.override(builder).overrideProvider('x').useValue(5).compile();
  await broker.startMicroservice(builder);
  await broker.serve({ topic: 't', version: '1.0' }, handlers);
  const filter: MessageFilter = { kind: 'reply', method: /x/, args: { a: expect.any(Number) }, context: {} };
  const fault: Fault = broker.on(filter, { times: 2 }).loseAcknowledgement({ unrecognized: true });
  fault.remove();
  const sum: number = await broker.client({ topic: 't' }).call<number>(context, 'add', { a: 1, b: 2 });
  const [call]: readonly (CallRecord | undefined)[] = broker.calls;
  const [cast]: readonly (CastRecord | undefined)[] = client.casts;
  const [notification]: readonly (NotificationRecord | undefined)[] = notifier.notifications;
  const names: unknown[] = [sum, call?.result, call?.runs[0]?.server, cast?.args.a, notification?.payload];
  await broker.settled({ timeout: '1s' }).catch((error: unknown) => error instanceof NotSettled && error.inFlight);
  expect.extend(osloMatchers);
  expect(broker).toHaveCalled('add', { a: 1 });
  const { name }: { name: string } = await typed.get({ id: '1' });
  expect(typed).toHaveCalled({ method: 'get', times: 1 });
  await typed.$settled({ timeout: '1s' });
  typed.$reset();
  void [name, typed.$calls[0]?.args, typed.$casts[0]?.status];
  expect(client).not.toHaveCast({ method: /^a/, times: 2, fanout: true });
  expect(notifier).toHaveNotified({ eventType: 'x', priority: 'info', payload: { id: expect.anything() } });
  void names;
}
