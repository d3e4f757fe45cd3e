import { describe, expect, it } from 'vitest';
import { CompiledFilter } from '../../../lib/inspect/tap/compiled-filter.js';
import { Matcher } from '../../../lib/inspect/tap/matcher.js';
import type { Observed } from '../../../lib/inspect/tap/observed.js';
import type { TapEvent } from '../../../lib/inspect/tap/tap-event.js';
import type { TapFilter } from '../../../lib/inspect/tap/tap-options.js';

const SECRET = 'gAAAAAB-very-secret';

interface Given {
  readonly replies?: boolean;
  readonly server?: string;
  readonly filter?: TapFilter;
  /** Number of events that the reader takes. */
  readonly room?: number;
}

function matcherOf({ replies = true, server, filter, room = Number.POSITIVE_INFINITY }: Given = {}) {
  const events: TapEvent[] = [];
  const matcher = new Matcher({
    topic: 'calc',
    exchange: 'tacker',
    server,
    replies,
    filter: new CompiledFilter(filter),
    limits: { bodyBytes: 100_000, depth: 100 },
    builtIn: true,
    excerptLength: 100,
    timeoutMs: 60_000,
    emit: (event) => events.length < room && events.push(event) > 0,
    identify: (caller) => caller,
  });
  return { matcher, events };
}

const bodyOf = (message: object) =>
  Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }));

function request(message: object, rest: Partial<Observed> = {}): Observed {
  const body = bodyOf({ method: 'add', args: { a: 1 }, ...message });
  return { exchange: 'tacker', routingKey: 'calc', body, compression: undefined, expiration: undefined, ...rest };
}

function call(id: string, message: object = {}, rest: Partial<Observed> = {}): Observed {
  return request({ _msg_id: id, _reply_q: 'reply_1', _timeout: null, ...message }, { expiration: 1000, ...rest });
}

function reply(id: string, message: object = {}, rest: Partial<Observed> = {}): Observed {
  const body = bodyOf({ _msg_id: id, result: 3, failure: null, ending: true, ...message });
  return { exchange: '', routingKey: 'reply_1', body, compression: undefined, expiration: undefined, ...rest };
}

/** Fields of an event by which the tests tell it. */
const outcomes = (events: readonly TapEvent[]) =>
  events.map((event) => (event.type === 'call' ? event.outcome : event.type));

describe('Matcher', () => {
  it('reports a call with its reply and the time between them', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1', {}, { connection: 'a:1 -> b:2', user: 'nova' }), 100);
    expect(events).toEqual([]);
    matcher.observe(reply('1', {}, { connection: 'c:3 -> b:2', user: 'srv' }), 112.5);
    expect(events).toEqual([
      expect.objectContaining({
        type: 'call',
        method: 'add',
        args: { a: 1 },
        outcome: 'result',
        durationMs: 12.5,
        result: 3,
        caller: { replyQueue: 'reply_1', connection: 'a:1 -> b:2', user: 'nova' },
        repliedBy: { connection: 'c:3 -> b:2', user: 'srv' },
      }),
    ]);
    expect(matcher.counts).toMatchObject({ calls: 1, results: 1, shown: 1, pending: 0 });
  });

  it('describes a failure, with the secrets of its request masked', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1', { _context_auth_token: SECRET, args: { password: 'hunter2222' } }), 0);
    const failure = {
      class: 'Boom',
      module: 'os',
      message: `no ${SECRET} for hunter2222`,
      tb: [`  File "x", line 1, in f\n    connect("${SECRET}")\n`, 7],
      args: [],
    };
    matcher.observe(reply('1', { result: null, failure: JSON.stringify(failure) }), 5);
    expect(events).toEqual([
      expect.objectContaining({
        outcome: 'error',
        error: {
          class: 'Boom',
          module: 'os',
          message: 'no *** for ***',
          traceback: ['  File "x", line 1, in f', '    connect("***")'],
        },
        args: { password: '***' },
        context: { auth_token: '***' },
      }),
    ]);
  });

  it('reports a timeout after the expiration of the request, and counts the late reply', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1'), 0);
    matcher.expire(1000);
    expect(events).toEqual([]);
    matcher.expire(1001);
    expect(outcomes(events)).toEqual(['timeout']);
    matcher.observe(reply('1'), 1700);
    expect(matcher.counts).toMatchObject({ timeouts: 1, lateReplies: 1, results: 0 });
  });

  it('reports a timeout where the reply comes after the expiration, but before the next look at the time', () => {
    const { matcher, events } = matcherOf({ filter: { errorsOnly: true } });
    const failure = JSON.stringify({ class: 'RequestExpired', message: 'given up' });
    for (const id of ['in time', 'late', 'late failure']) matcher.observe(call(id), 0);
    matcher.observe(reply('in time'), 1000);
    matcher.observe(reply('late'), 1001);
    matcher.observe(reply('late failure', { result: null, failure }), 1001);
    matcher.expire(2000);
    expect(events).toEqual([
      expect.objectContaining({ msgId: 'late', outcome: 'timeout', timeoutMs: 1000 }),
      expect.objectContaining({ msgId: 'late failure', outcome: 'timeout' }),
    ]);
    expect(events[0]).not.toHaveProperty('durationMs');
    const { calls, results, errors, timeouts, lateReplies, filtered, shown, pending } = matcher.counts;
    expect({ calls, results, errors, timeouts, lateReplies }).toEqual({
      calls: 3,
      results: 1,
      errors: 0,
      timeouts: 2,
      lateReplies: 2,
    });
    expect({ filtered, shown, pending }).toEqual({ filtered: 1, shown: 2, pending: 0 });
    expect(matcher.methods.summary()).toMatchObject([{ calls: 3, timeouts: 2, durations: { count: 1 } }]);
  });

  it('ends a call whose heartbeats have stopped, also where they go on later', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1', { _timeout: 2 }, { expiration: 60_000 }), 0);
    matcher.observe(reply('1', { ending: false, result: null }), 2001);
    expect(outcomes(events)).toEqual(['timeout']);
    matcher.observe(reply('1'), 2500);
    expect(matcher.counts).toMatchObject({ heartbeats: 0, lateReplies: 2, results: 0 });
  });

  it('does not call a reply late where an earlier one may have been lost', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1'), 0);
    matcher.lost(reply('1'), 10);
    matcher.observe(reply('1'), 1200);
    expect(outcomes(events)).toEqual(['unknown']);
    expect(matcher.counts).toMatchObject({ unknown: 1, timeouts: 0, lateReplies: 1 });
  });

  it('waits for a call without an expiration as long as it was told to', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1', {}, { expiration: undefined }), 0);
    matcher.expire(60_000);
    expect(events).toEqual([]);
    matcher.expire(60_001);
    expect(outcomes(events)).toEqual(['timeout']);
  });

  it('counts heartbeats, and ends a call when its heartbeats have stopped', () => {
    const { matcher, events } = matcherOf();
    const heartbeat = { ending: false, result: null };
    matcher.observe(call('1', { _timeout: 2 }, { expiration: 60_000 }), 0);
    matcher.observe(reply('1', heartbeat), 1000);
    matcher.observe(reply('1', heartbeat), 2000);
    matcher.expire(4000);
    expect(matcher.counts).toMatchObject({ heartbeats: 2, pending: 1 });
    matcher.expire(4001);
    expect(events).toEqual([expect.objectContaining({ outcome: 'timeout', heartbeats: 2 })]);
  });

  it('joins the two replies of an old server', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1'), 0);
    matcher.observe(reply('1', { ending: false, result: 7 }), 1);
    matcher.observe(reply('1', { ending: true, result: null }), 2);
    expect(events).toEqual([expect.objectContaining({ outcome: 'result', result: 7 })]);
    expect(matcher.counts.heartbeats).toBe(0);
  });

  it('reports casts and fanouts at once', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(request({}, { routingKey: 'calc.one' }), 0);
    matcher.observe(request({}, { exchange: 'calc_fanout', routingKey: '' }), 0);
    expect(events).toEqual([
      expect.objectContaining({ type: 'cast', server: 'one', fanout: false }),
      expect.objectContaining({ type: 'cast', server: undefined, fanout: true }),
    ]);
  });

  it('reports what no queue took as undeliverable', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1', {}, { isRouted: false }), 0);
    matcher.observe(request({}, { isRouted: false }), 0);
    expect(outcomes(events)).toEqual(['undeliverable', 'cast']);
    expect(matcher.counts.undeliverable).toBe(2);
  });

  it('does not end a call by a reply that no queue took', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1'), 0);
    matcher.observe(reply('1', {}, { isRouted: false }), 1);
    expect(events).toEqual([]);
    expect(matcher.counts.undeliverableReplies).toBe(1);
  });

  it('ignores other topics, other exchanges and other servers', () => {
    const { matcher } = matcherOf({ server: 'one' });
    for (const routingKey of ['calc', 'calc.two', 'calculus.one', 'notifications.info'])
      matcher.observe(request({}, { routingKey }), 0);
    matcher.observe(request({}, { exchange: 'nova', routingKey: 'calc.one' }), 0);
    matcher.observe(request({}, { exchange: 'calc_fanout', routingKey: '' }), 0);
    expect(matcher.counts.casts).toBe(0);
    matcher.observe(request({}, { routingKey: 'calc.one' }), 0);
    expect(matcher.counts.casts).toBe(1);
  });

  it('counts replies to requests that it did not see, without decoding those to unknown queues', () => {
    const { matcher } = matcherOf();
    matcher.observe(reply('0', {}, { routingKey: 'reply_of_others', body: Buffer.from('no JSON') }), 0);
    matcher.observe(call('1'), 0);
    matcher.observe(reply('2'), 0);
    expect(matcher.counts).toMatchObject({ otherReplies: 2, undecodableReplies: 0, pending: 1 });
  });

  it('counts a call that is published again', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1'), 0);
    matcher.observe(call('1'), 1);
    matcher.observe(reply('1'), 2);
    expect(outcomes(events)).toEqual(['result']);
    expect(matcher.counts).toMatchObject({ calls: 2, shown: 1, notShown: 1, pending: 0 });
  });

  it('says that the end of a call is unknown where messages were lost meanwhile', () => {
    const { matcher, events } = matcherOf();
    matcher.observe(call('1'), 0);
    matcher.lost(reply('1'), 10);
    matcher.observe(call('2'), 20);
    matcher.expire(5000);
    expect(outcomes(events)).toEqual(['unknown', 'timeout']);
    expect(matcher.counts).toMatchObject({ lostReplies: 1, lostRequests: 0, lostIsExact: true });
    matcher.lostMore(6000);
    expect(matcher.counts.lostIsExact).toBe(false);
  });

  it('counts lost requests of the topic, and lost replies, each by itself', () => {
    const { matcher } = matcherOf();
    for (const lost of [request({}), call('1'), request({}, { routingKey: 'calc.one' }), reply('1')])
      matcher.lost(lost, 0);
    matcher.lost(request({}, { routingKey: 'other' }), 0);
    expect(matcher.counts).toMatchObject({ lostRequests: 3, lostReplies: 1, calls: 0, casts: 0 });
  });

  it('waits for the replies of 50,000 calls at most: the oldest ends as unknown', () => {
    const { matcher, events } = matcherOf();
    const { body, ...rest } = call('1');
    for (let index = 0; index <= 50_000; index++)
      matcher.observe({ ...rest, body: Buffer.from(String(body).replace('"1\\"', `"${index}\\"`)) }, index);
    expect(events).toEqual([expect.objectContaining({ msgId: '0', outcome: 'unknown' })]);
    expect(matcher.counts).toMatchObject({ calls: 50_001, unknown: 1, pending: 50_000 });
  });

  it('reports each kind of damage once, and counts all', () => {
    const { matcher, events } = matcherOf();
    const damaged = (text: string) => ({ ...request({}), body: Buffer.from(text) });
    matcher.observe(damaged('{"cut'), 0);
    matcher.observe(damaged('{"cut'), 0);
    matcher.observe(damaged('[1]'), 0);
    matcher.observe({ ...request({ args: 7 }) }, 0);
    expect(outcomes(events)).toEqual(['undecodable', 'undecodable', 'undecodable']);
    expect(matcher.counts).toMatchObject({ undecodableRequests: 4, shown: 3, notShown: 1 });
  });

  it('masks the passwords of URLs in damage', () => {
    const { matcher, events } = matcherOf();
    matcher.observe({ ...request({}), body: Buffer.from('mysql://root:LEAKg@h/x not json') }, 0);
    expect(events).toEqual([expect.objectContaining({ excerpt: expect.stringContaining('mysql://') })]);
    expect(JSON.stringify(events)).not.toContain('LEAKg');
  });

  it('does not quote damage that names a secret', () => {
    const { matcher, events } = matcherOf();
    const whole = bodyOf({ method: 'x', _context_auth_token: SECRET });
    matcher.observe({ ...request({}), body: whole.subarray(0, -3) }, 0);
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(events).toEqual([expect.objectContaining({ excerpt: '(not shown: it names a secret)' })]);
  });

  it('filters by method, context, duration and error, and counts the rest', () => {
    const filter = { methods: ['get_*', 'add'], context: { request_id: 'req-1*' }, slowerThan: '10ms' };
    const { matcher, events } = matcherOf({ filter });
    const context = { _context_request_id: 'req-12' };
    matcher.observe(call('method', { method: 'other', ...context }), 0);
    matcher.observe(call('context', { _context_request_id: 'req-2' }), 0);
    matcher.observe(call('fast', context), 0);
    matcher.observe(call('slow', { method: 'get_it', ...context }), 0);
    for (const [id, at] of [
      ['method', 50],
      ['context', 50],
      ['fast', 5],
      ['slow', 50],
    ] as const)
      matcher.observe(reply(id), at);
    expect(events).toEqual([expect.objectContaining({ msgId: 'slow' })]);
    expect(matcher.counts).toMatchObject({ calls: 4, results: 4, filtered: 3, shown: 1 });
  });

  it('shows failures, timeouts and undeliverable requests only, where asked for errors', () => {
    const { matcher, events } = matcherOf({ filter: { errorsOnly: true } });
    matcher.observe(call('1'), 0);
    matcher.observe(call('2'), 0);
    matcher.observe(call('3', {}, { isRouted: false }), 0);
    matcher.observe(request({}), 0);
    matcher.observe(reply('1'), 1);
    matcher.observe(reply('2', { failure: '{}' }), 1);
    expect(outcomes(events)).toEqual(['undeliverable', 'error']);
  });

  it('places each request in one count, also when nobody reads', () => {
    const { matcher } = matcherOf({ room: 2, filter: { methods: ['add'] } });
    for (let index = 0; index < 5; index++) matcher.observe(call(`${index}`), 0);
    for (let index = 0; index < 4; index++) matcher.observe(reply(`${index}`), 1);
    matcher.observe(request({ method: 'other' }), 0);
    matcher.observe({ ...request({}), body: Buffer.from('?') }, 0);
    const { calls, casts, undecodableRequests, shown, filtered, notShown, pending } = matcher.counts;
    expect(calls + casts + undecodableRequests).toBe(7);
    expect({ shown, filtered, notShown, pending }).toEqual({ shown: 2, filtered: 1, notShown: 3, pending: 1 });
    matcher.finish();
    expect(matcher.counts).toMatchObject({ unknown: 1, pending: 0, notShown: 4 });
  });

  it('treats hostile names as data', () => {
    const { matcher, events } = matcherOf();
    const args = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    matcher.observe(request({ method: '__proto__\n\u001b[31m', args }), 0);
    expect(events).toEqual([expect.objectContaining({ method: '__proto__ [31m' })]);
    expect(JSON.stringify(events)).toContain('polluted');
    expect({}).not.toHaveProperty('polluted');
    expect(matcher.methods.summary()).toMatchObject([{ casts: 1 }]);
  });

  it('bounds the methods that are counted apart', () => {
    const { matcher } = matcherOf();
    for (let index = 0; index < 300; index++) matcher.observe(request({ method: `m${index}` }), 0);
    const methods = matcher.methods.summary();
    expect(methods).toHaveLength(201);
    expect(methods[0]).toMatchObject({ method: '(others)', casts: 100 });
  });
});
