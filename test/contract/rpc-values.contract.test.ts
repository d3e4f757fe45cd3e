import { ClientSendError, getRpcClient, MessagingException, Target } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type Args, Endpoint, transports, useRpc } from './rpc-stage.js';

for (const { name, url, describe } of transports) {
  describe(`Arguments and results on ${name}`, () => {
    const { connect, serve, clientOf } = useRpc(url);

    it('return results of every type', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const value of ['ä€😀\u2028', 0, 1.5, '', false, null, [], [1, [null]], { deep: { list: [{}] } }]) {
        expect(await client.call({}, 'echo', { value })).toEqual(value);
      }
      expect(await client.call({}, 'record')).toBeNull();
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('reach the right caller when calls overlap', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      expect(await Promise.all(numbers.map((value) => client.call({}, 'echo', { value })))).toEqual(numbers);
    });

    it('keep integers of any size in both directions', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const value of [2n ** 53n, 2n ** 60n, -(2n ** 70n)]) {
        expect(await client.call({}, 'echo', { value })).toBe(value);
        expect(await client.call({}, 'typeOf', { value })).toBe('bigint');
      }
      expect(await client.call({}, 'echo', { value: { list: [2n ** 64n, 1] } })).toEqual({ list: [2n ** 64n, 1] });
      expect(await client.call({}, 'typeOf', { value: 2 ** 53 - 1 })).toBe('number');
      expect(await client.call({}, 'typeOf', { value: 7n })).toBe('number');
    });

    it('keep fractions of many digits', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const value of [0.1 + 0.2, 1 / 3, -Math.PI, 1e-10 / 3, 2 ** 52 + 0.5, 1e300, 5e-324]) {
        expect(await client.call({}, 'echo', { value })).toBe(value);
      }
      const mixed = {
        fraction: 0.1 + 0.2,
        integer: 2n ** 60n,
        text: '0.30000000000000004 1152921504606846976',
      };
      expect(await client.call({}, 'echo', { value: mixed })).toEqual(mixed);
    });

    it('keep a large text beside a large integer', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const value = { text: 'x"\\'.repeat(300_000), integer: 2n ** 60n };
      const result = await clientOf(topic).call<typeof value>({}, 'echo', { value });
      expect(result.text === value.text).toBe(true);
      expect(result.integer).toBe(value.integer);
    });

    it('are refused above the size limit in both directions, and the next call is answered', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()], { transport: connect({ limits: { bodyBytes: 2000 } }) });
      const client = getRpcClient(connect({ limits: { bodyBytes: 1000 } }), new Target({ topic }));
      await expect(client.call({}, 'echo', { value: 'x'.repeat(1000) })).rejects.toBeInstanceOf(ClientSendError);
      await expect(client.cast({}, 'record', { value: 'x'.repeat(1000) })).rejects.toBeInstanceOf(ClientSendError);
      const unlimited = clientOf(topic);
      const call = unlimited.call({}, 'deep', { levels: 1000 });
      await expect(call).rejects.toMatchObject({ excType: 'ClientSendError' });
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('are refused above a limit of the caller, and the next call is answered', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = getRpcClient(connect({ limits: { depth: 20 } }), new Target({ topic }));
      const call = client.prepare({ timeout: 10 }).call({}, 'deep', { levels: 200 });
      await expect(call).rejects.toBeInstanceOf(MessagingException);
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('omit an undefined argument and keep null', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint]);
      await clientOf(topic).call({}, 'record', { gone: undefined, nothing: null });
      expect(endpoint.got).toEqual([{ nothing: null }]);
      expect(Object.keys(endpoint.got[0] ?? {})).toEqual(['nothing']);
    });

    it('reach the handler of a cast', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint]);
      expect(await clientOf(topic).cast({}, 'record', { x: 1 })).toBeUndefined();
      await eventually(() => expect(endpoint.got).toEqual([{ x: 1 }]));
    });

    it('reach every server by fanout', async () => {
      const topic = uniqueTopic();
      const endpoints = [new Endpoint('a'), new Endpoint('b')];
      for (const endpoint of endpoints) await serve(topic, endpoint.name, [endpoint]);
      await clientOf(topic).prepare({ fanout: true }).cast({}, 'record', { x: 1 });
      await eventually(() => expect(endpoints.map(({ got }) => got)).toEqual([[{ x: 1 }], [{ x: 1 }]]));
    });

    it('are a separate copy for each server', async () => {
      const topic = uniqueTopic();
      const args = { list: [1], deep: { x: 1 } };
      const got: Args[] = [];
      class ChangesItsArguments {
        take(_ctxt: unknown, { list, deep }: typeof args): void {
          got.push(structuredClone({ list, deep }));
          list.push(2);
          deep.x = 2;
        }
      }
      for (const server of ['a', 'b']) await serve(topic, server, [new ChangesItsArguments()]);
      const cast = clientOf(topic).prepare({ fanout: true }).cast({}, 'take', args);
      args.list.push(3);
      await cast;
      const sent = { list: [1], deep: { x: 1 } };
      await eventually(() => expect(got).toEqual([sent, sent]));
      expect(args).toEqual({ list: [1, 3], deep: { x: 1 } });
    });

    it('are a separate copy for the caller', async () => {
      const topic = uniqueTopic();
      const kept = { list: [1] };
      class Keeper {
        keep(): unknown {
          return kept;
        }
      }
      await serve(topic, 'a', [new Keeper()]);
      const result = await clientOf(topic).call<typeof kept>({}, 'keep');
      result.list.push(2);
      expect(kept).toEqual({ list: [1] });
    });
  });
}
