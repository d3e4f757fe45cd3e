import { inspect } from 'node:util';
import { BadRequestException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  RemoteError,
  Target,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';

class Hostile extends Error {
  override get message(): string {
    throw new Error('no message for you');
  }
}

class Unmapped extends Error {}

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

async function raise(thrown: unknown, options: OsloMessagingOptions = {}) {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const logger = { debug: log, log, warn: log, error: log };
  const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic('thrown')}/`, logger, ...options });
  const endpoint = {
    raise: () => {
      throw thrown;
    },
  };
  const server = getRpcServer(transport, new Target({ topic: 't', server: 'host1' }), [endpoint]);
  await server.start();
  const error: unknown = await getRpcClient(transport, new Target({ topic: 't' }), { timeout: 5 })
    .call({}, 'raise')
    .catch((one: unknown) => one);
  await server.stop();
  await transport.cleanup();
  return { error, lines };
}

it.each(things)('answers the caller when a handler throws %s', async (_name, thrown, message) => {
  const { error, lines } = await raise(thrown);
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({ value: message });
  expect(lines).toHaveLength(1);
});

describe('details of a thrown error', () => {
  const invalid = new BadRequestException(['name must be a string', 'size must be an integer']);
  const structured = new BadRequestException({ message: [{ property: 'x', constraints: { isInt: 'x must be int' } }] });
  const secret = { code: 'E_LOGIN', details: { password: 'hunter2hunter2' } };
  const late = new RpcException({ code: 'E_QUOTA', details: { limit: 5 } });
  const caused = new Unmapped('cannot load', { cause: new TypeError('no connection') });
  const cases: [string, unknown, object, RegExp][] = [
    [
      'findings of a validation',
      invalid,
      { value: 'name must be a string; size must be an integer', kwargs: { statusCode: 400, error: 'Bad Request' } },
      /BadRequestException: name must be a string; size must be an integer .* at /,
    ],
    ['findings with their properties', structured, { value: 'x must be int' }, /BadRequestException: x must be int/],
    [
      'details of an RpcException',
      late,
      { value: '{"code":"E_QUOTA","details":{"limit":5}}', kwargs: { code: 'E_QUOTA', details: { limit: 5 } } },
      /RpcException: {"code":"E_QUOTA".* at /,
    ],
    [
      'details beside a message',
      new RpcException({ message: 'too many', limit: 5 }),
      { value: 'too many', kwargs: { limit: 5 } },
      /Error: too many .* at /,
    ],
    [
      'a plain object',
      secret,
      { value: JSON.stringify(secret), args: [secret], kwargs: {} },
      /{"code":"E_LOGIN".*"\*\*\*"/,
    ],
    [
      'several errors',
      new AggregateError([new Error('one'), { two: 2 }]),
      { value: 'Several errors: one; {"two":2}' },
      /one/,
    ],
    [
      'a cause',
      caused,
      { value: 'cannot load', kwargs: { cause: 'TypeError: no connection' } },
      /Caused by: TypeError: no con/,
    ],
    [
      'a builtin error with a cause',
      new Error('out', { cause: 'in' }),
      { args: ['out'], kwargs: {} },
      /out.*Caused by: in/,
    ],
    ['a function', function thrown() {}, { value: 'the function thrown' }, /the function thrown/],
  ];

  it.each(cases)('reach the caller and the log: %s', async (_name, thrown, expected, line) => {
    const { error, lines } = await raise(thrown);
    expect(error).toMatchObject(expected);
    expect(lines.join()).toMatch(line);
    expect(lines.join()).not.toMatch(/\[object Object\]|hunter2/);
  });

  it('of a cause do not reach callers without sendTracebacks', async () => {
    const { error } = await raise(caused, { sendTracebacks: false });
    expect(error).toMatchObject({ kwargs: {}, traceback: [] });
  });

  it('stay with an error that is thrown on', async () => {
    const { error } = await raise((await raise(late)).error);
    expect(error).toMatchObject({ excType: 'RemoteError', kwargs: { code: 'E_QUOTA' } });
  });

  it('appear in logs and JSON, without secrets', async () => {
    const { error } = await raise(new RpcException(secret));
    expect((error as RemoteError).kwargs).toEqual(secret);
    for (const shown of [inspect((error as RemoteError).kwargs), JSON.stringify(error)]) {
      expect(shown).toContain('E_LOGIN');
      expect(shown).not.toContain('hunter2');
    }
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      message: expect.any(String),
      excType: 'RpcException',
      kwargs: { code: 'E_LOGIN', details: { password: '***' } },
    });
  });
});
