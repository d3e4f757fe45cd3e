import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConsumedStream } from '../../../../../lib/drivers/rabbit/consuming/consumed-stream.js';
import type { Consuming } from '../../../../../lib/drivers/rabbit/consuming/consuming-channel.js';
import { StreamSurvey } from '../../../../../lib/drivers/rabbit/consuming/stream-survey.js';

function arrival(offset: number) {
  const properties = { headers: new Map([['x-stream-offset', offset]]), expiration: undefined, damage: undefined };
  return { deliveryTag: offset + 1, redelivered: false, properties, body: Buffer.from(`message ${offset}`) };
}

/** Survey of a stream on a channel that delivers a batch of offsets with each answer. */
function survey(batches: number[][], messages = 0) {
  let handlers: Consuming | undefined;
  const acknowledge = vi.fn();
  const channel = {
    open: true,
    acknowledger: { acknowledge },
    join: () => true,
    leave: vi.fn(async () => undefined),
    consume: vi.fn(async (_reader: object, _consumption: object, given: Consuming) => {
      handlers = given;
    }),
    awaitStart: vi.fn(async () => {
      for (const offset of batches.shift() ?? []) handlers?.delivered(arrival(offset));
    }),
  };
  const stream = new ConsumedStream();
  stream.found(messages);
  const running = new StreamSurvey(channel as never, stream).run({ queue: 'q', prefetch: 5 }, 0);
  return { stream, running, channel, acknowledge, deliver: (offset: number) => handlers?.delivered(arrival(offset)) };
}

describe('the survey of a stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('finds the last message, however many round trips it takes', async () => {
    const { stream, running, channel, acknowledge, deliver } = survey([[4, 5], [6], []]);
    await vi.advanceTimersByTimeAsync(10);
    deliver(3);
    expect(await running).toBe(6);
    expect(stream.offset).toBe(6);
    expect(acknowledge).toHaveBeenCalledTimes(4);
    expect(channel.awaitStart).toHaveBeenCalledTimes(3);
    expect(channel.leave).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends after 250 ms without a message: the stream is read from its beginning later', async () => {
    const { stream, running } = survey([]);
    await vi.advanceTimersByTimeAsync(250);
    await running;
    expect(stream.offset).toBe('first');
  });

  it('does not take a stream for empty in which the broker counts messages', async () => {
    const { stream, running } = survey([], 3);
    await vi.advanceTimersByTimeAsync(5000);
    await running;
    expect(stream.offset).toBe('next');
  });

  it('ends with the first new message, which is not acknowledged', async () => {
    const { stream, running } = survey([]);
    await vi.advanceTimersByTimeAsync(10);
    stream.judge(arrival(9));
    await running;
    expect(stream.offset).toBe(9);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('proves nothing when it is ended', async () => {
    const { stream, running } = survey([]);
    await vi.advanceTimersByTimeAsync(10);
    stream.endSurvey();
    await running;
    expect(stream.offset).toBe('next');
  });
});
