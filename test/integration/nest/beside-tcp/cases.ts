import type { ClientProxy } from '@nestjs/microservices';
import { RemoteError } from 'nestjs-oslo-messaging';
import { type Observable, take, timeout } from 'rxjs';

/** Differences that docs/reference/nest-features.md lists. */
export const DIFFERENCES = [
  'closed-client',
  'closing-server',
  'context-class',
  'data',
  'errors',
  'hidden-errors',
  'no-value',
  'one-transport',
  'packet-metadata',
  'pattern-objects',
  'several-values',
  'time-limit',
  'unknown-patterns',
] as const;
export type Difference = (typeof DIFFERENCES)[number];

/** Everything that a caller sees of one request. */
export interface Seen {
  values: unknown[];
  /** Error, as a text or as it is. */
  error?: unknown;
}

export interface Case {
  title: string;
  ask: (client: ClientProxy) => Observable<unknown>;
  /** Answer of TCP, and of this library where there is no other. */
  answer: Seen;
  /** Answer of this library, where it differs. */
  here?: Seen;
  difference?: Difference;
  /** Enhancers and handlers that run; for a message in their order, for an event in any. */
  trail?: string[];
}

/** Resolves with everything that a caller sees. */
export function observe(answers: Observable<unknown>): Promise<Seen> {
  const seen: Seen = { values: [] };
  return new Promise((resolve) => {
    answers.subscribe({
      next: (value) => void seen.values.push(value),
      complete: () => resolve(seen),
      error: (error: unknown) => resolve({ ...seen, error: shown(error) }),
    });
  });
}

function shown(error: unknown): unknown {
  if (error instanceof RemoteError) return remote(error.excType, error.value, error.kwargs);
  return error instanceof Error ? `${error.name}: ${error.message}` : error;
}

/** Form of a RemoteError in the answers below. */
const remote = (excType: string, value: string, kwargs: object = {}) => ({ excType, value, kwargs: { ...kwargs } });

const one = (value: unknown): Seen => ({ values: [value] });
const failed = (error: unknown): Seen => ({ values: [], error });
/** Error of Nest's default filter. */
const rpcError = (message: string) => failed({ status: 'error', message });
const HIDDEN = rpcError('Internal server error');

const send =
  (pattern: unknown, data: unknown = {}) =>
  (client: ClientProxy) =>
    client.send(pattern, data);
const emit =
  (pattern: unknown, data: unknown = {}) =>
  (client: ClientProxy) =>
    client.emit(pattern, data);
const same = (title: string, pattern: string, data: object, answer: Seen, trail?: string[]): Case => ({
  title,
  ask: send(pattern, data),
  answer,
  ...(trail && { trail }),
});

const GUARDS = ['the application', 'the class', 'the method'].map((place) => `guard of ${place}`);
const INTERCEPTORS = ['the application', 'the class', 'the method'].map((place) => `interceptor of ${place}`);
const PIPES = ['the application', 'the class', 'the method'].map((place) => `pipe of ${place}`);
const RESULTS = ['the method', 'the class', 'the application'].map((place) => `result for ${place}`);
/** Enhancers of the application around a handler without others. */
const around = (handler: string) => [
  'guard of the application',
  'interceptor of the application',
  'pipe of the application',
  handler,
  'result for the application',
];

const values: Case[] = [
  same('data without a decorator', 'undecorated', { a: 1 }, one({ a: 1 })),
  same('@Payload() and @Ctx()', 'whole', { a: [1, { b: null }] }, one([{ a: [1, { b: null }] }, 'whole'])),
  same('@Payload(key) with pipes', 'keyed', { a: '5' }, one({ a: 5, b: 7 })),
  same('a ValidationPipe that transforms', 'validated', { name: 'n', part: { size: 1 } }, one([true, true, 'n'])),
  same('the second of two patterns', 'other name', {}, one('other name')),
  same('a promise', 'promise', {}, one('promised')),
  same('an observable', 'observable', {}, one('observed')),
  same('a promise of an observable', 'promise of an observable', {}, one('observed later')),
  same('null', 'nothing at all', {}, one(null)),
  same(
    'values of JSON',
    'values of JSON',
    {},
    one({ date: '1970-01-01T00:00:00.000Z', list: [1, 'two', true, null], nested: { deep: [{}] } }),
  ),
  same('request-scoped providers', 'scoped', { a: 1 }, one([true, 'scoped', true, 'scoped'])),
  {
    title: 'an observable of several values',
    ask: send('several values'),
    answer: { values: [1, 2, 3] },
    here: one(3),
    difference: 'several-values',
  },
  {
    title: 'the first of several values, and no more',
    ask: (client) => client.send('several values', {}).pipe(take(1)),
    answer: one(1),
    here: one(3),
    difference: 'several-values',
  },
  {
    title: 'an observable that fails after a value',
    ask: send('values, then an error'),
    answer: { values: [1], error: { status: 'error', message: 'no more' } },
    here: failed(remote('RpcException', 'no more')),
    difference: 'several-values',
  },
  ...['void', 'no value'].map(
    (pattern): Case => ({
      title: `a handler with ${pattern}`,
      ask: send(pattern),
      answer: { values: [] },
      here: one(null),
      difference: 'no-value',
    }),
  ),
];

const failures: Case[] = [
  same(
    'a missing pattern',
    'whole',
    null as never,
    failed('Error: The invalid data or message pattern (undefined/null)'),
  ),
  ...(
    [
      ['RpcException', 'by its text', 'RpcException'],
      ['own RpcException', 'of a class of its own', 'OwnRpcException'],
      ['rejection', 'rejected', 'RpcException'],
      ['observable', 'observed', 'RpcException'],
    ] as const
  ).map(
    ([how, message, excType]): Case => ({
      title: `an RpcException with a text: ${how}`,
      ask: send('fail', { how }),
      answer: rpcError(message),
      here: failed(remote(excType, message)),
      difference: 'errors',
    }),
  ),
  {
    title: 'an RpcException with an object',
    ask: send('fail', { how: 'RpcException with an object' }),
    answer: failed({ code: 7, message: 'by its object' }),
    here: failed(remote('RpcException', 'by its object', { code: 7, message: 'by its object' })),
    difference: 'errors',
  },
  {
    title: 'an RpcException with an object that has no message',
    ask: send('fail', { how: 'RpcException without a message' }),
    answer: failed({ code: 7 }),
    here: failed(remote('RpcException', '{"code":7}', { code: 7 })),
    difference: 'errors',
  },
  {
    title: 'a guard that refuses',
    ask: send('enhanced', { banned: 'the class' }),
    answer: rpcError('Forbidden resource'),
    here: failed(remote('RpcException', 'Forbidden resource')),
    difference: 'errors',
    trail: GUARDS.slice(0, 2),
  },
  {
    title: 'a guard that throws',
    ask: send('enhanced', { banned: 'thrown by the method' }),
    answer: rpcError('thrown by the method'),
    here: failed(remote('RpcException', 'thrown by the method')),
    difference: 'errors',
    trail: GUARDS,
  },
  {
    title: 'an error of another class',
    ask: send('fail', { how: 'another' }),
    answer: HIDDEN,
    here: failed(remote('TypeError', 'a mistake')),
    difference: 'hidden-errors',
  },
  {
    title: 'an HttpException',
    ask: send('fail', { how: 'HttpException' }),
    answer: HIDDEN,
    here: failed(
      remote('NotFoundException', 'no such VNF', { message: 'no such VNF', error: 'Not Found', statusCode: 404 }),
    ),
    difference: 'hidden-errors',
  },
  {
    title: 'a thrown text',
    ask: send('fail', { how: 'text' }),
    answer: HIDDEN,
    here: failed(remote('Exception', 'just text')),
    difference: 'hidden-errors',
  },
  {
    title: 'a pipe that refuses',
    ask: send('keyed', { a: 'five' }),
    answer: HIDDEN,
    here: failed(
      remote('BadRequestException', 'Validation failed (numeric string is expected)', {
        message: 'Validation failed (numeric string is expected)',
        error: 'Bad Request',
        statusCode: 400,
      }),
    ),
    difference: 'hidden-errors',
  },
  {
    title: 'a ValidationPipe that refuses',
    ask: send('validated', { name: 5, part: { size: 1 } }),
    answer: HIDDEN,
    here: failed(
      remote('BadRequestException', 'name must be a string', {
        message: ['name must be a string'],
        error: 'Bad Request',
        statusCode: 400,
      }),
    ),
    difference: 'hidden-errors',
  },
  {
    title: 'a pattern without a handler',
    ask: send('nobody'),
    answer: failed('There is no matching message handler defined in the remote service.'),
    here: failed(remote('NoSuchMethod', 'Endpoint does not support RPC method nobody')),
    difference: 'unknown-patterns',
  },
];

const enhanced: Case[] = [
  same('enhancers of all places', 'enhanced', {}, one('done'), [
    ...GUARDS,
    ...INTERCEPTORS,
    ...PIPES,
    'handler',
    ...RESULTS,
  ]),
  same('a filter that answers', 'enhanced', { fail: true, rescue: true }, one('rescued by the class'), [
    ...GUARDS,
    ...INTERCEPTORS,
    ...PIPES,
    'handler',
    'filter of the class',
  ]),
  same(
    'the filter of the method, before that of the class',
    'filtered by the method',
    { rescue: true },
    one('rescued by the method'),
  ),
  {
    title: 'a filter that throws',
    ask: send('filtered by the method', {}),
    answer: failed('broken (the method)'),
    here: failed(remote('Exception', 'broken (the method)')),
    difference: 'errors',
  },
];

const events: Case[] = [
  {
    title: 'an event with two handlers',
    ask: emit('happened', { id: 5 }),
    answer: { values: [undefined] },
    // The second one takes a pipe for its context, too.
    trail: [...around('first heard of 5'), ...around('second heard of 5 by happened'), 'pipe of the application'],
  },
  {
    title: 'an event whose handler fails',
    ask: emit('failed'),
    answer: { values: [undefined] },
    trail: [...around('failed').slice(0, -1), 'filter of the application'],
  },
  {
    title: 'an event for a message handler',
    ask: emit('enhanced'),
    answer: { values: [undefined] },
    trail: [...GUARDS, ...INTERCEPTORS, ...PIPES, 'handler', ...RESULTS],
  },
  {
    title: 'a message for an event handler',
    ask: send('answered'),
    answer: one('an answer'),
    trail: around('answered'),
  },
];

const others: Case[] = [
  {
    title: 'data that are no object',
    ask: send('whole', 'text'),
    answer: one(['text', 'whole']),
    here: failed('ConfigurationError: Arguments of "whole": expected an object of keyword arguments; got a string'),
    difference: 'data',
  },
  {
    title: 'a pattern that is an object',
    ask: send({ cmd: 'sum' }, { values: [1, 2] }),
    answer: one(3),
    here: failed(
      "ConfigurationError: Pattern: expected a method name or { method, topic?, … }; got an object without a method. Write 'sum' instead of { cmd: 'sum' }",
    ),
    difference: 'pattern-objects',
  },
  {
    title: 'a handler for one transport',
    ask: send('for TCP'),
    answer: one('over TCP'),
    here: failed(remote('NoSuchMethod', 'Endpoint does not support RPC method for TCP')),
    difference: 'one-transport',
  },
  {
    title: 'the class of the context',
    ask: send('context class'),
    answer: one(['TcpContext', true]),
    here: one(['OsloRpcContext', true]),
    difference: 'context-class',
  },
  {
    title: 'a timeout of the caller',
    ask: (client) => client.send('never', {}).pipe(timeout(30)),
    answer: failed('TimeoutError: Timeout has occurred'),
  },
];

export const cases: Case[] = [...values, ...failures, ...enhanced, ...events, ...others];
