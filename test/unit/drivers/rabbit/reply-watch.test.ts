import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ReplyWatch } from '../../../../lib/drivers/rabbit/reply-watch.js';

describe('the watch of a reply queue', () => {
  let pending = 0;
  let checks: number[] = [];
  let check = async () => undefined;
  let watch: ReplyWatch;

  beforeEach(() => {
    vi.useFakeTimers();
    const begin = Date.now();
    pending = 0;
    checks = [];
    check = async () => undefined;
    const noted = () => {
      checks.push(Date.now() - begin);
      return check();
    };
    watch = new ReplyWatch(() => pending > 0, noted);
  });
  afterEach(() => {
    watch.close();
    vi.useRealTimers();
  });

  function call(): void {
    pending++;
    watch.waiting();
  }

  it('checks at growing intervals while calls wait and nothing arrives', async () => {
    call();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(checks).toEqual([1500, 4500, 10_500, 22_500, 46_500, 76_500]);
  });

  it('does not check while replies arrive', async () => {
    call();
    for (let second = 0; second < 60; second++) {
      watch.received();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(checks).toEqual([]);
    await vi.advanceTimersByTimeAsync(3000);
    expect(checks).toHaveLength(1);
  });

  it('begins with the first interval after a reply', async () => {
    call();
    await vi.advanceTimersByTimeAsync(10_500);
    watch.received();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(checks).toEqual([1500, 4500, 10_500]);
    await vi.advanceTimersByTimeAsync(1500);
    expect(checks).toEqual([1500, 4500, 10_500, 24_000]);
  });

  it('has no timer while no call waits', async () => {
    call();
    pending = 0;
    await vi.advanceTimersByTimeAsync(1500);
    expect(vi.getTimerCount()).toBe(0);
    expect(checks).toEqual([]);
    call();
    await vi.advanceTimersByTimeAsync(1500);
    expect(checks).toEqual([3000]);
  });

  it('goes on after a check that failed, and makes none while one is in progress', async () => {
    check = async () => Promise.reject(new Error('no connection'));
    call();
    await vi.advanceTimersByTimeAsync(4500);
    expect(checks).toEqual([1500, 4500]);
    check = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(checks).toEqual([1500, 4500, 10_500]);
  });

  it('ends when it is closed, also during a check', async () => {
    let ended: () => void = () => undefined;
    check = () =>
      new Promise((resolve) => {
        ended = () => resolve(undefined);
      });
    call();
    await vi.advanceTimersByTimeAsync(1500);
    watch.close();
    ended();
    await vi.advanceTimersByTimeAsync(0);
    call();
    expect(vi.getTimerCount()).toBe(0);
  });
});
