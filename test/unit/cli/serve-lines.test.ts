import { describe, expect, it } from 'vitest';
import { byteCount, share, wholeNumber } from '../../../lib/cli/flags/flag-values.js';
import { commandsToTry } from '../../../lib/cli/serve/commands-to-try.js';
import { RequestCounts } from '../../../lib/cli/serve/request-counts.js';
import { type HandledRequest, jsonLine, textLine } from '../../../lib/cli/serve/request-line.js';
import { RequestLog } from '../../../lib/cli/serve/request-log.js';

const now = new Date('2026-11-30T02:03:04.567Z');
const request: HandledRequest = {
  kind: 'call',
  method: 'add',
  args: { a: 2, password: 'hunter2' },
  context: { request_id: 'req-1', auth_token: 'hunter3' },
  duration: 0.4321,
  waited: 0.001,
};

describe('a line about a request', () => {
  it('has the time, the method, arguments without secrets, the outcome and the request id', () => {
    expect(textLine(request, now)).toBe('02:03:04.567  call  add  {"a":2,"password":"***"}  ok in 0.432 ms  req-1\n');
    expect(textLine({ ...request, context: {}, waited: 1.5, error: new RangeError('too large') }, now)).toBe(
      '02:03:04.567  call  add  {"a":2,"password":"***"}  RangeError: too large in 0.432 ms, after 1.5 s in the queue\n',
    );
  });

  it('stays one line of bounded length, whatever the caller sends', () => {
    const hostile = { ...request, method: `a\nb\u001b[2J${'x'.repeat(10_000)}`, args: { text: 'y'.repeat(1e6) } };
    for (const line of [textLine(hostile, now), jsonLine(hostile, now)]) {
      expect(line.trimEnd()).not.toMatch(/[\n\u001b]/);
      expect(line.length).toBeLessThan(600);
    }
  });

  it('is an object in JSON', () => {
    expect(JSON.parse(jsonLine(request, now))).toEqual({
      time: now.toISOString(),
      kind: 'call',
      method: 'add',
      args: '{"a":2,"password":"***"}',
      requestId: 'req-1',
      durationMs: 0.432,
      waitedMs: 1,
      error: null,
    });
  });

  it('about a notification has its priority and event type', () => {
    const handled = {
      kind: 'notification',
      priority: 'info',
      eventType: 'vnf.create',
      publisherId: 'p',
      payload: { token: 't' },
    } as const;
    expect(textLine(handled, now)).toBe('02:03:04.567  notification  info  vnf.create  {"token":"***"}\n');
    expect(JSON.parse(jsonLine(handled, now))).toMatchObject({ priority: 'info', payload: '{"token":"***"}' });
  });
});

it('lines that a slow reader does not take are left out, and counted', () => {
  const output = { writableLength: 0, written: [] as string[] };
  const stream = {
    get writableLength() {
      return output.writableLength;
    },
    write: (text: unknown) => output.written.push(String(text)) > 0,
  };
  const log = new RequestLog(stream, (leftOut) => `${leftOut} left out`);
  log.write('one');
  output.writableLength = 2 ** 21;
  for (let index = 0; index < 5; index += 1) log.write('lost');
  output.writableLength = 0;
  log.write('two');
  log.flush();
  expect(output.written).toEqual(['one', '5 left out', 'two']);
});

it('counts are by method; names of unknown methods take no memory', () => {
  const counts = new RequestCounts();
  expect(String(counts)).toBe('0 requests');
  counts.request('add', false);
  expect(String(counts)).toBe('1 request: add 1');
  counts.request('add', true);
  counts.request(undefined, true);
  counts.notification();
  expect(String(counts)).toBe('3 requests: add 2 (1 failed), unknown methods 1, 1 notifications');
  expect(counts.read()).toEqual({ requests: { add: { handled: 2, failed: 1 } }, refused: 1, notifications: 1 });
});

it('commands to try are quoted for the shell', () => {
  const text = commandsToTry({
    messaging: {},
    topic: "it's mine",
    exchange: 'x y',
    server: 's1',
    delivery: 'at-least-once',
    notifications: true,
    delay: 50,
    errorRate: 0.05,
  });
  expect(text).toContain(`oslo-rpc call --topic 'it'\\''s mine' --exchange 'x y' add a=2 b=3`);
  expect(text).toContain('each request is delayed by 50 ms; 5 % of the requests fail');
  expect(text).toContain('at least once');
});

describe('numbers on the command line', () => {
  it('are whole numbers, shares and sizes', () => {
    expect(wholeNumber('12', '--count', 1, 20)).toBe(12);
    expect(['5%', '0.05', '.05', '100%', '0'].map((text) => share(text, '--error-rate'))).toEqual([
      0.05, 0.05, 0.05, 1, 0,
    ]);
    expect(['512', '4k', '4KiB', '1M', '0'].map((text) => byteCount(text, '--size', 2 ** 21))).toEqual([
      512, 4096, 4096, 1_048_576, 0,
    ]);
  });

  it.each([
    () => wholeNumber('0', '--count', 1, 20),
    () => wholeNumber('1.5', '--count', 1, 20),
    () => wholeNumber('1e3', '--count', 1, 2000),
    () => share('101%', '--error-rate'),
    () => share('-1', '--error-rate'),
    () => byteCount('3M', '--size', 2 ** 21),
    () => byteCount('4g', '--size', 2 ** 40),
  ])('are refused otherwise: %s', (read) => {
    expect(read).toThrow(/^--(count|error-rate|size): expected .*; got "/);
  });
});
