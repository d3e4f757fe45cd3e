import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DriverStatus } from '../../../../../lib/core/health.js';
import type { RabbitConnection } from '../../../../../lib/drivers/rabbit/connection/connection.js';
import { Outage } from '../../../../../lib/drivers/rabbit/connection/outage.js';
import { LogRecorder } from '../../../../support/log-recorder.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Follows the statuses, each a second after the one before, and returns the log lines. */
function follow(
  statuses: DriverStatus[],
  {
    was = true,
    isOut = true,
    addresses = ['mq1:5672', 'mq1:5672'],
    queues = 0,
    purpose = undefined as string | undefined,
  } = {},
) {
  const log = new LogRecorder();
  const connections = addresses.map((address) => ({ wasConnected: was, isOut, current: address && {}, address }));
  const outage = new Outage(connections as unknown as RabbitConnection[], log, purpose);
  for (const status of statuses) {
    outage.follow(status, () => queues);
    vi.advanceTimersByTime(1000);
  }
  return log.messages(/./, 'warn');
}

describe('the end of an outage', () => {
  it.each<[DriverStatus[], string[]]>([
    [['connected'], []],
    [['connecting', 'connected', 'connected'], []],
    [['connected', 'disconnected'], []],
    [['disconnected', 'closed'], []],
    [['connected', 'disconnected', 'connected'], ['Reconnected to mq1:5672 after 1.0 s']],
    [['disconnected', 'connecting', 'disconnected', 'connected'], ['Reconnected to mq1:5672 after 3.0 s']],
    [['disconnected', 'blocked', 'connected'], ['Reconnected to mq1:5672 after 1.0 s']],
    [['disconnected', 'degraded', 'connected'], ['Reconnected to mq1:5672 after 1.0 s']],
    [
      ['disconnected', 'connected', 'disconnected', 'disconnected', 'connected'],
      ['Reconnected to mq1:5672 after 1.0 s', 'Reconnected to mq1:5672 after 2.0 s'],
    ],
  ])('is logged once: %j', (statuses, lines) => {
    expect(follow(statuses)).toEqual(lines);
  });

  it.each<[NonNullable<Parameters<typeof follow>[1]>, string]>([
    [{ was: false }, 'Connected to mq1:5672 after 1.0 s'],
    [{ queues: 1 }, 'Reconnected to mq1:5672 after 1.0 s; 1 queue attached'],
    [{ queues: 3 }, 'Reconnected to mq1:5672 after 1.0 s; 3 queues attached'],
    [{ addresses: ['mq1:5672', 'mq2:5672'] }, 'Reconnected to mq1:5672 and mq2:5672 after 1.0 s'],
    [{ addresses: ['', 'mq2:5672'] }, 'Reconnected to mq2:5672 after 1.0 s'],
  ])('names hosts and queues: %j', (facts, line) => {
    expect(follow(['disconnected', 'connected'], facts)).toEqual([line]);
  });

  it('names the connection, where it is one beside the others', () => {
    const facts = { purpose: 'streams', addresses: ['mq1:5672'] };
    expect(follow(['disconnected', 'connected'], facts)).toEqual([
      'Reconnected the streams connection to mq1:5672 after 1.0 s',
    ]);
  });

  it('is not logged after a loss that is reported otherwise', () => {
    expect(follow(['disconnected', 'connected'], { isOut: false })).toEqual([]);
  });
});
