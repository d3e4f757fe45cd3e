import { createHook } from 'node:async_hooks';
import {
  BackingOffClient,
  call,
  defineRpcApi,
  getRpcApiClient,
  getRpcServer,
  getRpcTransport,
  RequestContextSerializer,
  Target,
} from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const CALLS = 50;
const ROUNDS = 41;
/** Bound of the memory that a typed call allocates, to that of a call by name. It is 1.01 to 1.05. */
const BOUND = 1.1;

type Send = () => Promise<unknown>;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

async function many(send: Send): Promise<void> {
  for (let count = 0; count < CALLS; count++) await send();
}

/** Returns the bytes that a call allocates. Most rounds are free of garbage collections, which the median leaves out. */
async function bytesOf(send: Send): Promise<number> {
  const before = process.memoryUsage().heapUsed;
  await many(send);
  return (process.memoryUsage().heapUsed - before) / CALLS;
}

/** Returns the number of promises of a call. */
async function promisesOf(send: Send): Promise<number> {
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises++;
    },
  }).enable();
  await many(send);
  hook.disable();
  return Math.round(promises / CALLS);
}

// Counted, not timed: other work on the machine makes any time longer.
it('a typed call costs as much as a call by name', async () => {
  const topic = uniqueTopic();
  const api = defineRpcApi({
    topic,
    exchange: 'e',
    version: '1.2',
    methods: { get: call<{ a: number; list: number[] }, object>() },
  });
  const transport = getRpcTransport({ transportUrl: `memory://${topic}/`, logger: silent });
  const endpoint = { target: new Target({ version: '1.2' }), get: (_ctxt: unknown, args: object) => args };
  const server = getRpcServer(transport, new Target({ topic, exchange: 'e', server: 's' }), [endpoint]);
  await server.start();
  const serializer = new RequestContextSerializer();
  const typed = getRpcApiClient(transport, api, { serializer });
  const byName = new BackingOffClient(transport, api.target.with({ version: '1.0' }), { serializer });
  const args = { a: 1, list: [1, 2, 3] };
  const ways: Readonly<Record<string, readonly [ours: Send, theirs: Send]>> = {
    plain: [() => typed.get(args), () => byName.call({}, 'get', args)],
    'with a context': [() => typed.get(args, { context: {} }), () => byName.call({}, 'get', args)],
    'with options': [() => typed.get(args, { timeout: 5 }), () => byName.prepare({ timeout: 5 }).call({}, 'get', args)],
  };
  const ratios: Record<string, number> = {};
  const promises: Record<string, readonly [ours: number, theirs: number]> = {};
  for (const [name, [ours, theirs]] of Object.entries(ways)) {
    const bytes: [ours: number[], theirs: number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      bytes[0].push(await bytesOf(ours));
      bytes[1].push(await bytesOf(theirs));
    }
    ratios[name] = median(bytes[0]) / median(bytes[1]);
    promises[name] = [await promisesOf(ours), await promisesOf(theirs)];
  }
  await server.stop();
  await transport.cleanup();
  for (const [name, [ours, theirs]] of Object.entries(promises)) expect(ours, name).toBe(theirs);
  for (const [name, ratio] of Object.entries(ratios)) expect(ratio, name).toBeLessThan(BOUND);
});
