import {
  BackingOffClient,
  getNotificationListener,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { MAX_TIMER_MS, toMilliseconds } from '../../../lib/core/duration.js';
import { normalizeOptions } from '../../../lib/core/settings.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const target = new Target({ topic: 't' });
const transportWith = (logger = new LogRecorder(), options: OsloMessagingOptions = {}) =>
  getRpcTransport({ transportUrl: 'memory://', ...options, logger });

describe('a duration', () => {
  it.each([
    [0, 0],
    [1.5, 1500],
    ['250ms', 250],
    [' 2 m ', 120_000],
    ['7', 7000],
    ['596h', 596 * 3_600_000],
  ])('%s is %s ms', (given, milliseconds) => {
    expect(toMilliseconds(given)).toBe(milliseconds);
  });

  it.each([
    ['1000h'],
    ['2147483648ms'],
    [2 ** 31],
    [2147483647],
    [1e12],
    ['1000000000000'],
    [Number.MAX_VALUE],
    [`${'9'.repeat(300)}h`],
  ])('%s is limited to the maximum of a timer', (given) => {
    expect(toMilliseconds(given)).toBe(MAX_TIMER_MS);
  });

  it.each([
    [Number.POSITIVE_INFINITY],
    [Number.NaN],
    [-1],
    ['-1s'],
    ['1e12'],
    ['9'.repeat(400)],
    ['for ever'],
    [''],
    [null],
    [{}],
  ])('%s is refused', (given) => {
    expect(() => toMilliseconds(given as string, 'timeout')).toThrow(/^timeout: expected a number of seconds/);
  });

  it('is limited to a timer in the settings, except for waits of the broker', () => {
    const settings = normalizeOptions({
      logger: silent,
      rpcResponseTimeout: '500h',
      drainTimeout: '1000h',
      limits: { duplicateTtl: 1e12 },
      rabbit: { kombuMissingConsumerRetryTimeout: '1000h', rabbitTransientQueuesTtl: '87600h' },
    });
    const { rpcResponseMaxTimeout, drainTimeout, limits, rabbit } = settings;
    const waits = [rpcResponseMaxTimeout, drainTimeout, limits.duplicateTtl, rabbit.missingReplyQueueTimeout];
    expect(waits).toEqual(waits.map(() => MAX_TIMER_MS));
    expect(rabbit.transientTtl).toBe(87_600 * 3_600_000);
    expect(() => normalizeOptions({ rabbit: { rabbitTransientQueuesTtl: '87601h' } })).toThrow(/from 0s to 87600h/);
  });

  it('that would end every call at once is refused', () => {
    expect(() => normalizeOptions({ rpcResponseTimeout: 0 })).toThrow(/rpcResponseTimeout: expected more than 0/);
    expect(() => normalizeOptions({ rpcResponseMaxTimeout: 0 })).toThrow(/rpcResponseMaxTimeout: expected more than 0/);
    expect(() => BackingOffClient.setMaxTimeout(0)).toThrow(/setMaxTimeout: expected more than 0/);
  });
});

describe('a bare number that looks like milliseconds', () => {
  it.each<[name: string, options: OsloMessagingOptions]>([
    ['rpcResponseTimeout', { rpcResponseTimeout: 30_000 }],
    ['rpcResponseMaxTimeout', { rpcResponseMaxTimeout: '60000' }],
    ['drainTimeout', { drainTimeout: 5000 }],
    ['limits.duplicateTtl', { limits: { duplicateTtl: 600_000 } }],
    ['rabbit.connectTimeout', { rabbit: { connectTimeout: 2000 } }],
    ['rabbit.heartbeatTimeoutThreshold', { rabbit: { heartbeatTimeoutThreshold: 10_000 } }],
    [
      'transport URL parameter rabbit_retry_interval',
      { transportUrl: 'rabbit://127.0.0.1/?rabbit_retry_interval=1000' },
    ],
  ])('logs a warning: %s', (name, options) => {
    const log = new LogRecorder();
    transportWith(log, options);
    expect(log.messages(/seconds/, 'warn')).toEqual([
      expect.stringMatching(`^${name}: \\d+ is a number of seconds; write '\\d+ms' if milliseconds are meant`),
    ]);
  });

  it('logs one warning in each place that accepts a duration', () => {
    const log = new LogRecorder();
    const transport = transportWith(log);
    const client = new RPCClient(transport, target, { timeout: 5000 });
    for (let call = 0; call < 3; call++) client.prepare({ timeout: 5000, callMonitorTimeout: 10_000 });
    new Notifier(transport, { timeout: 5000 });
    getNotificationListener(transport, [target], [{ info: () => undefined }], { batchSize: 2, batchTimeout: 1000 });
    expect(log.messages(/seconds/, 'warn').map((line) => line.split(':')[0])).toEqual([
      'timeout',
      'callMonitorTimeout',
      'batchTimeout',
    ]);
  });

  it.each([[5], [60], [600], [1800], [3600], [7200], [36_000], [86_400], [1234], ['30000s'], ['30000ms'], ['5m']])(
    'is not %s',
    (rpcResponseTimeout) => {
      const log = new LogRecorder();
      transportWith(log, { rpcResponseTimeout });
      expect(log.lines).toEqual([]);
    },
  );
});
