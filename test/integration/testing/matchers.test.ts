import { expect as jestExpect } from 'expect';
import { RequestContext } from 'nestjs-oslo-messaging';
import { fakeNotifier, fakeRpcClient, osloMatchers, TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import 'nestjs-oslo-messaging/testing/jest-globals';

const alice = new RequestContext({ userId: 'alice', authToken: 'secret-token' });

describe('The matchers', () => {
  it('have types for jest', () => {
    // Compiled, not run.
    const typed = () => [
      jestExpect(broker).toHaveCalled('add', { a: 2 }),
      jestExpect(broker).not.toHaveCast({ times: 2 }),
    ];
    expect(typed).toBeTypeOf('function');
  });

  const broker = new TestBroker();

  beforeAll(async () => {
    expect.extend(osloMatchers);
    jestExpect.extend(osloMatchers);
    await broker.serve({ topic: 'sums', version: '1.0' }, { add: ({ a, b }: { a: number; b: number }) => a + b });
    const client = broker.client({ topic: 'sums', version: '1.0' });
    await client.call(alice, 'add', { a: 2, b: 3 });
    await client.call(alice, 'add', { a: 4, b: 5 });
    await client.prepare({ fanout: true }).cast(alice, 'clear', { names: ['x'], password: 'hunter22' });
    await broker.notifier({ publisherId: 'sums.1' }).info(alice, 'sum.made', { sum: { value: 5, at: 'now' } });
    await broker.settled();
  });
  afterAll(() => broker.close());

  describe.each([
    ['vitest', expect],
    ['jest', jestExpect as unknown as typeof expect],
  ])('of %s', (_name, expectOf) => {
    it('find calls, casts and notifications', () => {
      expectOf(broker).toHaveCalled('add');
      expectOf(broker).toHaveCalled('add', { a: 2 });
      expectOf(broker).toHaveCalled({ method: /^ad/, topic: 'sums', version: '1.0', fanout: false, times: 2 });
      expectOf(broker).toHaveCalled({ args: { a: expect.any(Number) }, context: { user_id: 'alice' }, times: 2 });
      expectOf(broker).toHaveCast('clear', { names: ['x'] });
      expectOf(broker).toHaveCast({ fanout: true, exchange: undefined });
      expectOf(broker).toHaveNotified('sum.made', { sum: { value: 5 } });
      expectOf(broker).toHaveNotified({ eventType: /^sum\./, priority: 'info', publisherId: 'sums.1', times: 1 });
      expectOf(broker).not.toHaveCalled('sub');
      expectOf(broker).not.toHaveCalled('add', { a: 3 });
      expectOf(broker).not.toHaveCalled({ method: 'add', times: 1 });
      expectOf(broker).not.toHaveCast('clear', { names: [] });
      expectOf(broker).not.toHaveNotified('sum.made', { sum: 5 });
    });

    it('show the nearest records, with secrets masked', () => {
      expect(() => expectOf(broker).toHaveCalled('add', { a: 2, b: expect.any(String) })).toThrow(
        [
          'Expected a call with {"method":"add","args":{"a":2,"b":"Any<String>"}}; found 0 among 2 recorded',
          '  call "add" to sums (1.0) {"a":2,"b":3}: done (differs in args)',
          '  call "add" to sums (1.0) {"a":4,"b":5}: done (differs in args)',
        ].join('\n'),
      );
      expect(() => expectOf(broker).toHaveCast({ method: /^cl/, times: 2 }, { password: 'my-secret' })).toThrow(
        [
          'Expected 2 casts with {"method":"/^cl/","args":{"password":"***"}}; found 0 among 1 recorded',
          '  cast "clear" to sums, all servers (1.0) {"names":["x"],"password":"***"}: failed: Remote error: NoSuchMethod Endpoint does not support RPC method clear (differs in args)',
        ].join('\n'),
      );
      expect(() => expectOf(broker).not.toHaveNotified('sum.made')).toThrow(
        [
          'Expected no notification with {"eventType":"sum.made"}; found 1 among 1 recorded',
          '  notification "sum.made" (info) to notifications {"sum":{"value":5,"at":"now"}}: pending',
        ].join('\n'),
      );
    });

    it('refuse an object that records nothing, and a filter that makes no sense', () => {
      expect(() => expectOf({}).toHaveCalled('add')).toThrow(
        /expected a TestBroker or a fake client, which records calls/,
      );
      expect(() => expectOf(5).toHaveNotified('x')).toThrow(/expected a TestBroker or a fake notifier/);
      expect(() => expectOf(broker).toHaveCalled({ methd: 'add' } as object)).toThrow(/did you mean "method"/);
      expect(() => expectOf(broker).toHaveCalled(null as unknown as string)).toThrow(/expected a filter/);
    });

    it('work on fakes', async () => {
      const client = fakeRpcClient({ add: () => 5 });
      const notifier = fakeNotifier();
      await client.call({}, 'add');
      await notifier.warn({}, 'type', 5);
      expectOf(client).toHaveCalled('add');
      expectOf(client).not.toHaveCast('add');
      expectOf(notifier).toHaveNotified({ eventType: 'type', priority: 'warn', payload: 5 });
    });
  });
});
