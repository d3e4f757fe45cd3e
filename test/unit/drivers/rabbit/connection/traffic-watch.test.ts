import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TrafficWatch } from '../../../../../lib/drivers/rabbit/connection/traffic-watch.js';

describe('the watch of busy traffic', () => {
  const onSilence = vi.fn();
  let watch: TrafficWatch;

  beforeEach(() => {
    vi.useFakeTimers();
    onSilence.mockReset();
    watch = new TrafficWatch(onSilence);
  });
  afterEach(() => {
    watch.close();
    vi.useRealTimers();
  });

  function receive(messages: number): void {
    for (let message = 0; message < messages; message++) watch.received();
  }

  it('reports the end of busy traffic once, after a second without a message', () => {
    receive(100);
    vi.advanceTimersByTime(1000);
    expect(onSilence).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(onSilence).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(60_000);
    expect(onSilence).toHaveBeenCalledOnce();
  });

  it('does not report the end of rare messages', () => {
    for (let second = 0; second < 20; second++) {
      receive(9);
      vi.advanceTimersByTime(1000);
    }
    vi.advanceTimersByTime(10_000);
    expect(onSilence).not.toHaveBeenCalled();
  });

  it('has no timer without traffic, and none after it is closed', () => {
    expect(vi.getTimerCount()).toBe(0);
    receive(50);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
    receive(50);
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
