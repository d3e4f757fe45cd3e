import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AutoCap, type ServedVersions } from '../../../lib/contracts/auto-cap.js';
import { LogRecorder } from '../../support/log-recorder.js';

describe('the cap that follows the servers', () => {
  let log: LogRecorder;
  let asked = 0;
  let answer: () => Promise<ServedVersions>;
  let cap: AutoCap;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    log = new LogRecorder();
    asked = 0;
    answer = async () => ({ common: '1.2', answers: 2, others: 0 });
    const discover = () => {
      asked++;
      return answer();
    };
    cap = new AutoCap('1.0', discover, 'conductor', log);
  });
  afterEach(() => void vi.useRealTimers());

  const warnings = () => log.messages(/./, 'warn');

  it('is unknown before the first answer, which is asked for once', async () => {
    expect(cap.current).toBeUndefined();
    expect(cap.last).toBe('1.0');
    expect(await Promise.all([cap.ask(), cap.ask()])).toEqual(['1.2', '1.2']);
    expect([cap.current, cap.last, asked]).toEqual(['1.2', '1.2', 1]);
    expect(warnings()).toEqual([]);
  });

  it.each<[string, () => Promise<ServedVersions>, RegExp]>([
    [
      'a server cannot say its version',
      async () => ({ common: '1.2', answers: 1, others: 1 }),
      /1 server does not say/,
    ],
    ['no server answers', async () => ({ common: undefined, answers: 0, others: 0 }), /no server has answered/],
    ['they have none in common', async () => ({ common: undefined, answers: 2, others: 0 }), /no version .* in common/],
    ['asking fails', () => Promise.reject(new Error('no broker')), /no broker/],
  ])('is the first version where %s, and says so once', async (_what, given, reason) => {
    answer = given;
    expect(await cap.ask()).toBe('1.0');
    expect(await cap.ask()).toBe('1.0');
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(/^Version cap 'auto' of 'conductor': sending version 1\.0 only, because /);
    expect(warnings()[0]).toMatch(reason);
  });

  it('asks again when the answer is old, and is not awaited then', async () => {
    await cap.ask();
    vi.advanceTimersByTime(59_000);
    expect([cap.current, asked]).toEqual(['1.2', 1]);
    answer = async () => ({ common: '1.3', answers: 2, others: 0 });
    vi.advanceTimersByTime(2000);
    expect([cap.current, asked]).toEqual(['1.2', 2]);
    await cap.ask();
    expect([cap.current, asked]).toEqual(['1.3', 2]);
  });

  it('asks sooner after no answer', async () => {
    answer = async () => ({ common: undefined, answers: 0, others: 0 });
    await cap.ask();
    vi.advanceTimersByTime(11_000);
    expect([cap.current, asked]).toEqual(['1.0', 2]);
  });

  it('falls back to the first version when a server refuses a newer one, and asks again', async () => {
    cap.refused();
    expect(cap.last).toBe('1.0');
    await cap.ask();
    cap.refused();
    expect(cap.last).toBe('1.0');
    expect(asked).toBe(1);
    expect(warnings()[0]).toContain('UnsupportedVersion');
    expect(cap.current).toBe('1.0');
    await cap.ask();
    expect([cap.current, asked]).toEqual(['1.2', 2]);
  });
});
