import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyLoad } from '../../../lib/cli/bench/load.js';
import { Measurement } from '../../../lib/cli/bench/measurement.js';
import { MessageUndeliverable, RemoteError } from '../../../lib/internal.js';

const idle = new AbortController().signal;
const shape = { concurrency: 4, rate: undefined, durationMs: undefined, count: undefined };

describe('a load without a rate', () => {
  it('sends the exact number, and never more at a time than its concurrency', async () => {
    const measurement = new Measurement();
    let [inFlight, highest] = [0, 0];
    const send = async () => {
      inFlight += 1;
      highest = Math.max(highest, inFlight);
      await turn();
      inFlight -= 1;
    };
    expect(await applyLoad({ ...shape, count: 101 }, send, measurement, idle)).toEqual({ notSent: 0 });
    expect(measurement.counts).toEqual({ sent: 101, succeeded: 101, failed: 0, cancelled: 0 });
    expect(highest).toBe(4);
  });

  it('goes on after remote errors, which are answers', async () => {
    const measurement = new Measurement();
    let sent = 0;
    const send = async () => {
      sent += 1;
      if (sent % 2 === 1) throw new RemoteError('ValueError', 'odd');
    };
    await applyLoad({ ...shape, count: 10 }, send, measurement, idle);
    expect(measurement.counts).toEqual({ sent: 10, succeeded: 5, failed: 5, cancelled: 0 });
    expect(measurement.hopeless).toBeUndefined();
    expect(measurement.latency.buckets.read(100).reduce((sum, { count }) => sum + count, 0)).toBe(10);
  });

  it.each([new MessageUndeliverable('nobody'), new RemoteError('NoSuchMethod', 'what')])(
    'ends with the first error where none can succeed: %s',
    async (error) => {
      const measurement = new Measurement();
      await applyLoad({ ...shape, count: 1_000_000 }, () => Promise.reject(error), measurement, idle);
      expect(measurement.hopeless).toBe(error);
      expect(measurement.counts.sent).toBeLessThanOrEqual(shape.concurrency);
    },
  );

  it('does not end with an error after a success', async () => {
    const measurement = new Measurement();
    let sent = 0;
    const send = async () => {
      sent += 1;
      if (sent === 2) throw new MessageUndeliverable('nobody');
    };
    await applyLoad({ ...shape, concurrency: 1, count: 3 }, send, measurement, idle);
    expect(measurement.counts).toEqual({ sent: 3, succeeded: 2, failed: 1, cancelled: 0 });
    expect(measurement.hopeless).toBeUndefined();
  });

  it('counts messages without an answer at an interruption as cancelled', async () => {
    const interruption = new AbortController();
    const measurement = new Measurement();
    const send = () =>
      new Promise((_resolve, reject) =>
        interruption.signal.addEventListener('abort', () => reject(new Error('closed'))),
      );
    const done = applyLoad(shape, send, measurement, interruption.signal);
    interruption.abort();
    await done;
    expect(measurement.counts).toEqual({ sent: 4, succeeded: 0, failed: 0, cancelled: 4 });
    expect(measurement.inFlight).toBe(0);
    expect(measurement.errors.read()).toEqual([]);
  });
});

describe('a load at a rate', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const paced = { concurrency: 1000, rate: 100, durationMs: 1000, count: undefined };
  const answerIn = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  it('sends at its pace, however slow the answers', async () => {
    const measurement = new Measurement();
    const done = applyLoad(paced, () => answerIn(500), measurement, idle);
    await vi.advanceTimersByTimeAsync(250);
    expect(measurement.counts).toMatchObject({ sent: 26, succeeded: 0 });
    await vi.advanceTimersByTimeAsync(2000);
    expect(await done).toEqual({ notSent: 0 });
    expect(measurement.counts).toMatchObject({ sent: 100, succeeded: 100 });
    expect(measurement.latency.figures()).toMatchObject({ min: 500, max: 500 });
  });

  it('counts a stall in all latencies that it delays, from when each message was due', async () => {
    const measurement = new Measurement();
    let sent = 0;
    // The first answer takes half a second, in which 50 other messages are due.
    const send = () => {
      sent += 1;
      return answerIn(sent === 1 ? 500 : 1);
    };
    const done = applyLoad({ ...paced, concurrency: 1 }, send, measurement, idle);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await done).toEqual({ notSent: 0 });
    expect(measurement.counts.succeeded).toBe(100);
    const [due, sending] = [measurement.latency.figures(), measurement.fromSending.figures()];
    expect(due?.max).toBe(500);
    expect(due?.p50).toBeGreaterThan(50);
    expect(sending).toMatchObject({ p50: 1, p95: 1, max: 500 });
  });

  it('counts messages that had no place until the end', async () => {
    const measurement = new Measurement();
    const done = applyLoad({ ...paced, concurrency: 2 }, () => answerIn(400), measurement, idle);
    await vi.advanceTimersByTimeAsync(3000);
    const { notSent } = await done;
    expect(measurement.counts.sent).toBe(6);
    expect(notSent).toBe(94);
  });

  it('ends at once by an interruption; nothing is late that was not due yet', async () => {
    const interruption = new AbortController();
    const measurement = new Measurement();
    const done = applyLoad(
      { ...paced, rate: 1, durationMs: 3_600_000 },
      () => answerIn(1),
      measurement,
      interruption.signal,
    );
    await vi.advanceTimersByTimeAsync(1500);
    interruption.abort();
    expect(await done).toEqual({ notSent: 0 });
    expect(measurement.counts).toMatchObject({ sent: 2, succeeded: 2 });
  });
});
