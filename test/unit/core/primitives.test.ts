import { spawnSync } from 'node:child_process';
import { getRpcClient, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { toPrimitives } from '../../../lib/core/primitives.js';
import { PYTHON } from '../../../testkit/prerequisites.js';
import { silent } from '../../support/silent.js';

class Point {
  constructor(
    readonly x: number,
    readonly tags = new Set(['a']),
  ) {}
}

class Itself {
  readonly tags = new Set(['a']);
  toJSON(): object {
    return this;
  }
}

/** Form of the object below within a message. */
const OWN = { own: expect.any(Boolean), tags: ['a'] };
const bytes = new TextEncoder().encode('ä€');

describe('a value that JSON.stringify would lose', () => {
  it.each([
    ['a set', new Set([1, new Set(['x'])]), [1, ['x']]],
    [
      'a map',
      new Map<unknown, unknown>([
        [1, new Map([['k', 2]])],
        [null, 3],
      ]),
      { 1: { k: 2 }, null: 3 },
    ],
    ['an error', new TypeError('boom'), 'TypeError: boom'],
    ['an error with members', Object.assign(new Error('boom'), { code: 'E' }), 'Error: boom'],
    ['bytes', bytes, 'ä€'],
    ['a Buffer', Buffer.from('abc'), 'abc'],
    ['numbers', new Float64Array([1, 2.5]), [1, 2.5]],
    ['a class of somebody', new Point(1), { x: 1, tags: ['a'] }],
    ['a form of its own', { toJSON: (key: string) => ({ own: key !== '', tags: new Set(['a']) }) }, OWN],
    ['a form that is a map', { toJSON: () => new Map([['k', new Set([1])]]) }, { k: [1] }],
    ['a form that is the value itself', new Itself(), { tags: ['a'] }],
  ])('is sent like its counterpart in Python: %s', (_name, value, sent) => {
    expect(toPrimitives(value)).toEqual(sent);
    expect(toPrimitives({ deep: [0, { value }], other: 1 })).toEqual({ deep: [0, { value: sent }], other: 1 });
  });

  it.each([
    ['a promise', Promise.resolve(1), /a Promise, .*: is an "await" missing\?$/],
    ['a thenable', Object.create({ ['th' + 'en']: () => 1 }), /cannot send/],
    ['a regular expression', /x/, /a RegExp/],
    ['a weak map', new WeakMap(), /WeakMap/],
    ['a bare buffer', new ArrayBuffer(1), /an ArrayBuffer/],
    ['a blob', new Blob([]), /a Blob/],
    ['what comes bit by bit', (async function* () {})(), /an AsyncGenerator/],
    [
      'a promise in a form of its own',
      new (class {
        toJSON = () => Promise.resolve(1);
      })(),
      /Promise/,
    ],
    ['bytes that are no text', new Uint8Array([255]), /not UTF-8/],
  ])('is refused with its path if Python has no counterpart: %s', (_name, value, why) => {
    expect(() => toPrimitives({ args: { list: [1, value] } })).toThrow(why);
    expect(() => toPrimitives({ args: { list: [1, value] } })).toThrow(/^args\.list\.1: /);
  });

  it('leaves other values unchanged', () => {
    const date = new Date(0);
    const own = { toJSON: () => 'own' };
    const forms = [{ toJSON: () => ({ list: [date] }) }, { toJSON: () => undefined }];
    const value = { forms, a: [1, 'x', null, { b: true }], date, own, big: 2n ** 60n, nothing: undefined };
    expect(toPrimitives(value)).toBe(value);
    const set = new Set([1]);
    const mixed = Object.defineProperty({ set, a: [1] } as Record<string, unknown>, '__proto__', {
      value: { set },
      enumerable: true,
    });
    const sent = toPrimitives(mixed) as Record<string, unknown>;
    expect(JSON.stringify(sent)).toBe('{"set":[1],"a":[1],"__proto__":{"set":[1]}}');
    expect(mixed['set']).toBe(set);
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(() => toPrimitives(circular)).toThrow(/: self refers back to the value that holds it; send plain data$/);
  });

  it('names no circle among what JSON does not write', () => {
    const parent: Record<string, unknown> = {};
    const entity = { parent, toJSON: () => 'entity' };
    const error = Object.assign(new Error('failed'), { parent });
    Object.assign(parent, { entity, error });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(() => toPrimitives({ entity, error, circular })).toThrow(/: circular\.self refers back to circular;/);
    expect(toPrimitives({ entity, deep: nested(1100, 1) })).toMatchObject({ entity });
  });

  it('searches a value for a circle once, however many of its parts are too deep', () => {
    let reads = 0;
    const counting = Object.defineProperty({}, 'read', {
      enumerable: true,
      get: () => {
        reads++;
        return 'x';
      },
    });
    const leaves = Array.from({ length: 1000 }, () => ({}));
    toPrimitives([counting, nested(999, leaves)]);
    // Once by the conversion, and once by the search.
    expect(reads).toBe(2);
  });

  it('passes through calls in both directions', async () => {
    const target = new Target({ topic: 't', server: 'h' });
    const transport = getRpcTransport({ transportUrl: 'memory://primitives', logger: silent });
    const endpoint = {
      echo: (_ctxt: unknown, { x }: { x: unknown }) => new Map([['got', new Set([x])]]),
      bad: () => /x/,
      loop: () => loop,
    };
    const loop: { list?: unknown } = {};
    loop.list = [1, new Map([['a', { loop }]])];
    const shared = { x: 1 };
    await getRpcServer(transport, target, [endpoint]).start();
    const client = getRpcClient(transport, target);
    expect(await client.call({}, 'echo', { x: new Set([1, 2]) })).toEqual({ got: [[1, 2]] });
    await expect(client.call({}, 'echo', { x: { y: Promise.resolve() } })).rejects.toThrow(/^args\.x\.y: cannot send/);
    await expect(client.call({}, 'bad')).rejects.toThrow(/result: cannot send a RegExp/);
    await expect(client.call({}, 'echo', { x: { b: loop } })).rejects.toThrow(
      /^The message cannot be written as JSON: args\.x\.b\.list\.1\.a\.loop refers back to args\.x\.b; send plain data$/,
    );
    await expect(client.call({}, 'loop')).rejects.toThrow(/result\.list\.1\.a\.loop refers back to result;/);
    expect(await client.call({}, 'echo', { x: [shared, shared] })).toEqual({ got: [[shared, shared]] });
    await transport.cleanup();
  });
});

/** Wraps a value in arrays. */
function nested(levels: number, value: unknown): unknown {
  let wrapped = value;
  for (let level = 0; level < levels; level++) wrapped = [wrapped];
  return wrapped;
}

const SCRIPT = `
from oslo_serialization import jsonutils
print(jsonutils.dumps([{1}, {1: 2, None: 3}, b'abc', {'a': 1}.keys()]))
try:
    jsonutils.dumps({'a': b'\\xff'})
except ValueError as error:
    print(type(error).__name__)
`;
const answer = spawnSync(PYTHON, ['-c', SCRIPT], { encoding: 'utf8' });

it.skipIf(answer.status !== 0)('Python’s jsonutils sends the same', () => {
  const ours = [
    new Set([1]),
    new Map<unknown, unknown>([
      [1, 2],
      [null, 3],
    ]),
    Buffer.from('abc'),
    new Map([['a', 1]]).keys(),
  ];
  expect(answer.stdout.trim().split('\n')).toEqual([expect.any(String), 'UnicodeDecodeError']);
  expect(toPrimitives(ours)).toEqual(JSON.parse(answer.stdout.split('\n')[0] ?? ''));
});
