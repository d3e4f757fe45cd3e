import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SilenceWatch } from '../../../../../lib/drivers/rabbit/connection/silence-watch.js';

describe('the watch of a silence', () => {
  let pending = 0;
  let checks: number[] = [];
  let check = async () => undefined;
  let watch: SilenceWatch;

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
    watch = new SilenceWatch(() => pending > 0, noted);
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
    expect(checks).toEqual([1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]);
  });

  it('does not check while replies arrive', async () => {
    call();
    for (let second = 0; second < 60; second++) {
      watch.received();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(checks).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(checks).toHaveLength(1);
  });

  it('begins with the first interval after a reply', async () => {
    call();
    await vi.advanceTimersByTimeAsync(7000);
    watch.received();
    await vi.advanceTimersByTimeAsync(8000);
    expect(checks).toEqual([1000, 3000, 7000]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(checks).toEqual([1000, 3000, 7000, 16_000]);
  });

  it('has no timer while no call waits', async () => {
    call();
    pending = 0;
    await vi.advanceTimersByTimeAsync(1500);
    expect(vi.getTimerCount()).toBe(0);
    expect(checks).toEqual([]);
    call();
    await vi.advanceTimersByTimeAsync(1500);
    expect(checks).toEqual([2500]);
  });

  it('goes on after a check that failed, and five seconds after one that does not end', async () => {
    check = async () => Promise.reject(new Error('no connection'));
    call();
    await vi.advanceTimersByTimeAsync(3000);
    expect(checks).toEqual([1000, 3000]);
    check = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(16_999);
    expect(checks).toEqual([1000, 3000, 7000]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(checks).toHaveLength(4);
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
