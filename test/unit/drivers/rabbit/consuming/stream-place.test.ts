import { describe, expect, it, vi } from 'vitest';
import { StreamPlace } from '../../../../../lib/drivers/rabbit/consuming/stream-place.js';

function arrival(offset: number, text = `message ${offset}`) {
  const properties = { headers: new Map([['x-stream-offset', offset]]), expiration: undefined, damage: undefined };
  return { deliveryTag: offset + 1, redelivered: false, properties, body: Buffer.from(text) };
}

function started(place: StreamPlace): StreamPlace {
  place.starting();
  place.started();
  return place;
}

describe('the place in a stream', () => {
  it('begins at the first message of a stream that did not exist', () => {
    const place = new StreamPlace();
    place.missing();
    expect(place.offset).toBe('first');
    expect(started(place).judge(arrival(0))).toBe('new');
  });

  it('begins at the last message of a stream with a message count', () => {
    const place = new StreamPlace();
    place.found(3);
    expect(place.offset).toBe('last');
    expect(started(place).judge(arrival(2))).toBe('new');
  });

  it('begins at the first message of a stream that proves empty', async () => {
    const place = new StreamPlace();
    place.found(0);
    expect(place.offset).toBe('first');
    place.starting();
    expect(place.probing).toBe(true);
    expect(await place.probe(0)).toBe(false);
    place.started();
    expect(place.judge(arrival(0))).toBe('new');
  });

  it('begins at the last message of a stream that proves non-empty, and skips the messages of the probe', async () => {
    const place = new StreamPlace();
    place.found(0);
    place.starting();
    const probe = place.probe(0);
    expect(place.judge(arrival(0))).toBe('seen');
    expect(await probe).toBe(true);
    expect(place.judge(arrival(1))).toBe('seen');
    expect(place.offset).toBe('last');
    expect(started(place).judge(arrival(1))).toBe('new');
  });

  it.each([
    [0, 250],
    [20, 250],
    [100, 1000],
    [60_000, 5000],
  ])('probes longer at a busy broker: answered in %i ms, probed for %i ms', async (roundTrip, expected) => {
    vi.useFakeTimers();
    try {
      const place = new StreamPlace();
      place.found(0);
      place.starting();
      const ended = vi.fn();
      void place.probe(roundTrip).then(ended);
      await vi.advanceTimersByTimeAsync(expected - 1);
      expect(ended).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(ended).toHaveBeenCalledWith(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('includes a message that arrived before the probe was awaited', async () => {
    const place = new StreamPlace();
    place.found(0);
    place.starting();
    expect(place.judge(arrival(0))).toBe('seen');
    expect(await place.probe(0)).toBe(true);
  });

  it('begins at the first message after the loss of a consumer on an empty stream', () => {
    const place = new StreamPlace();
    place.found(0);
    started(place);
    place.found(2);
    expect(place.offset).toBe('first');
    place.starting();
    expect(place.probing).toBe(false);
  });

  it('resumes after the last acknowledged message', () => {
    const place = started(new StreamPlace());
    place.pass(arrival(4));
    expect(place.offset).toBe(4);
    place.starting();
    expect([place.judge(arrival(4)), place.judge(arrival(5))]).toEqual(['seen', 'new']);
  });

  it('begins again if another message is at the offset of the last one', () => {
    const place = started(new StreamPlace());
    place.pass(arrival(4));
    place.starting();
    expect(place.judge(arrival(4, 'another'))).toBe('of another stream');
    expect(place.offset).toBe('first');
  });

  it('continues if the stream was truncated after the last message', () => {
    const place = started(new StreamPlace());
    place.pass(arrival(4));
    place.starting();
    expect(place.judge(arrival(9))).toBe('new');
  });
});
