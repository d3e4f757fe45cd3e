import { getRpcClient, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';

describe('A call', () => {
  it.each([
    ['a forgotten context', ['add', { a: 1 }], 'got an Object. The order is call(context, method, args)'],
    ['an empty method', [{}, '', {}], 'got "". The order is call(context, method, args)'],
    ['no method', [{}], 'got undefined. The order is call(context, method, args)'],
  ])('refuses %s, and names the expected value', async (_, given, message) => {
    const transport = getRpcTransport({ transportUrl: 'memory://' });
    const client = getRpcClient(transport, new Target({ topic: 'calculator' }));
    const call: Promise<unknown> = Reflect.apply(client.call, client, given);
    await expect(call).rejects.toThrow(`method: expected a non-empty string; ${message}`);
    await transport.cleanup();
  });
});
