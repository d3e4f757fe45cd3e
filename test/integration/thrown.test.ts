import { getRpcClient, getRpcServer, getRpcTransport, RemoteError, Target } from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';

class Hostile extends Error {
  override get message(): string {
    throw new Error('no message for you');
  }
}

class OddStack extends Error {
  override stack = 7 as unknown as string;
}

const circular: Record<string, unknown> = {};
circular.self = circular;

const things: [string, unknown, string][] = [
  ['an error', new Error('plain'), 'plain'],
  ['an error without a message', new Error(), ''],
  ['an object that refers to itself', circular, 'The error that was thrown cannot be described'],
  ['an object without a prototype', Object.create(null), '{}'],
  ['an error whose message cannot be read', new Hostile(), 'The error that was thrown cannot be described'],
  ['an error with an odd stack', new OddStack('odd'), 'odd'],
  ['arguments that are no JSON', Object.assign(new Error('args'), { args: [circular] }), 'args'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['undefined', undefined, 'undefined'],
  ['a large integer', 2n ** 70n, String(2n ** 70n)],
  ['a text', 'just text', 'just text'],
];

it.each(things)('answers the caller whatever a handler throws: %s', async (_name, thrown, message) => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const logger = { debug: log, log, warn: log, error: log };
  const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic('thrown')}/`, logger });
  const endpoint = {
    raise: () => {
      throw thrown;
    },
  };
  const server = getRpcServer(transport, new Target({ topic: 't', server: 'host1' }), [endpoint]);
  await server.start();
  const error = await getRpcClient(transport, new Target({ topic: 't' }), { timeout: 5 })
    .call({}, 'raise')
    .catch((one: unknown) => one);
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({ value: message });
  expect(lines).toHaveLength(1);
  await server.stop();
  await transport.cleanup();
});
