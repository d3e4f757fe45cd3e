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

const CALLS = 1000;
const ROUNDS = 15;
/** Bound of the cost of a typed call, to that of a call by name. It is 1.00 to 1.03 on a quiet machine. */
const BOUND = 1.15;

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

it('a typed call costs as much as a call by name', { timeout: 60_000 }, async () => {
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
  /** Returns the time of the processor for each of the calls: other work on the machine does not count. */
  const cost = async (send: () => Promise<unknown>) => {
    const before = process.cpuUsage();
    for (let count = 0; count < CALLS; count++) await send();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const ways = {
    plain: [() => typed.get(args), () => byName.call({}, 'get', args)],
    'with a context': [() => typed.get(args, { context: {} }), () => byName.call({}, 'get', args)],
    'with options': [() => typed.get(args, { timeout: 5 }), () => byName.prepare({ timeout: 5 }).call({}, 'get', args)],
  } as const;
  const ratios: Record<string, number> = {};
  for (const [name, [ours, theirs]] of Object.entries(ways)) {
    const found: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const first = await cost(round % 2 ? ours : theirs);
      const second = await cost(round % 2 ? theirs : ours);
      found.push(round % 2 ? first / second : second / first);
    }
    ratios[name] = median(found.slice(3));
  }
  await server.stop();
  await transport.cleanup();
  for (const [name, ratio] of Object.entries(ratios)) expect(ratio, name).toBeLessThan(BOUND);
});
