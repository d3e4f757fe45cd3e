// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import { call, cast, defineRpcApi, Notifier, type RequestContext, type RPCClient } from 'nestjs-oslo-messaging';
import { fakeNotifier, fakeRpcApi, fakeRpcClient, osloMatchers, TestBroker } from 'nestjs-oslo-messaging/testing';
import { expect } from 'vitest';

export async function nonsense(broker: TestBroker, context: RequestContext): Promise<void> {
  // @ts-expect-error
  new TestBroker({ transportUrl: 'memory://' });
  // @ts-expect-error
  new TestBroker({ maxRecords: '5' });
  // @ts-expect-error
  broker.on({ methd: 'add' });
  // @ts-expect-error
  broker.on({ kind: 'answer' });
  // @ts-expect-error
  broker.on('add', { time: 2 });
  // @ts-expect-error
  broker.on('add').delay();
  // @ts-expect-error
  broker.on('add').fail('broken');
  // @ts-expect-error
  broker.once('add').duplicate({ unrecognised: true });
  // @ts-expect-error
  broker.override({});
  // @ts-expect-error
  await broker.settled(5);
  // @ts-expect-error
  await broker.serve({ topic: 't' }, { add: 5 });
  // @ts-expect-error
  await broker.serve({ topic: 't' }, { add: (a: number, b: number) => a + b });
  // @ts-expect-error
  await broker.serve({ topics: 't' }, {});
  // @ts-expect-error
  broker.calls[0]?.args.push(5);
  // @ts-expect-error
  broker.calls.push();
  // @ts-expect-error
  fakeRpcClient({ add: 'five' });
  // @ts-expect-error
  fakeRpcClient({ add: (_args: object, ctxt: { user: string }) => ctxt });
  // @ts-expect-error
  fakeRpcClient({ add: () => 5 }, { topic: 't' });
  // @ts-expect-error
  const client: Notifier = fakeRpcClient({});
  // @ts-expect-error
  const notifier: RPCClient = fakeNotifier();
  // @ts-expect-error
  fakeNotifier({ driver: 'test' });
  // @ts-expect-error
  await fakeRpcClient({}).call('add', context);
  const api = defineRpcApi({
    topic: 't',
    version: '1.1',
    methods: { get: call<{ id: string }, { name: string }>(), heal: cast<{ id: string }, '1.1'>({ since: '1.1' }) },
  });
  // @ts-expect-error
  fakeRpcApi(api, { gett: () => ({ name: 'x' }) });
  // @ts-expect-error
  fakeRpcApi(api, { get: () => ({ nam: 'x' }) });
  // @ts-expect-error
  fakeRpcApi(api, { get: ({ name }) => ({ name }) });
  // @ts-expect-error
  fakeRpcApi(api, { get: 5 });
  // @ts-expect-error
  fakeRpcApi(api, {}, { verionCap: '1.0' });
  // @ts-expect-error
  fakeRpcApi({}, {});
  // @ts-expect-error
  fakeRpcApi(api, {}).get({ id: 5 });
  // @ts-expect-error
  fakeRpcApi(api, {}).$casts.push();
  // @ts-expect-error
  expect(broker).toHaveCalled();
  // @ts-expect-error
  expect(broker).toHaveCalled('add', 5);
  // @ts-expect-error
  expect(broker).toHaveCast({ eventType: 'x' });
  // @ts-expect-error
  expect(broker).toHaveNotified({ method: 'x' });
  // @ts-expect-error
  osloMatchers.toHaveFailed(broker);
  void [client, notifier];
}
