import { describe, expect, it, vi } from 'vitest';
import { ConsumedStream } from '../../../../../lib/drivers/rabbit/consuming/consumed-stream.js';

function arrival(offset: number, text = `message ${offset}`) {
  const properties = { headers: new Map([['x-stream-offset', offset]]), expiration: undefined, damage: undefined };
  return { deliveryTag: offset + 1, redelivered: false, properties, body: Buffer.from(text) };
}

function resuming(stream: ConsumedStream): ConsumedStream {
  stream.starting();
  expect(stream.resuming).toBe(true);
  return stream;
}

describe('a consumed stream', () => {
  it('begins at the end', () => {
    const stream = new ConsumedStream();
    expect([stream.offset, stream.isUnknown]).toEqual(['next', true]);
    stream.starting();
    expect([stream.resuming, stream.judge(arrival(7))]).toEqual([false, 'new']);
  });

  it('begins at the first message of a stream that did not exist', () => {
    const stream = new ConsumedStream();
    stream.dispatch({ type: 'absent' });
    expect([stream.offset, stream.isUnknown]).toEqual(['first', false]);
  });

  it('begins at the time from which the server worked without it', () => {
    const stream = new ConsumedStream();
    stream.dispatch({ type: 'missed', at: 1500 });
    expect([stream.offset, stream.isUnknown]).toEqual([{ '!': 'timestamp', value: 2 }, false]);
  });

  it('resumes behind the last acknowledged message', () => {
    const stream = new ConsumedStream();
    stream.pass(arrival(4));
    expect(stream.offset).toBe(4);
    resuming(stream);
    expect([stream.judge(arrival(4)), stream.judge(arrival(5))]).toEqual(['seen', 'new']);
  });

  it('resumes at the first message that was delivered, where none was acknowledged', () => {
    const stream = new ConsumedStream();
    stream.judge(arrival(4));
    stream.judge(arrival(5));
    expect(stream.offset).toBe(4);
    resuming(stream);
    expect([stream.judge(arrival(4)), stream.judge(arrival(5))]).toEqual(['new', 'new']);
  });

  it('resumes behind the messages that a survey has found', () => {
    const stream = new ConsumedStream();
    stream.dispatch({ type: 'survey' });
    expect(stream.offset).toBe('next');
    for (const offset of [3, 4]) stream.dispatch({ type: 'sighted', raw: arrival(offset) });
    stream.dispatch({ type: 'surveyEnd', empty: false });
    resuming(stream);
    expect([stream.offset, stream.judge(arrival(4)), stream.judge(arrival(5))]).toEqual([4, 'seen', 'new']);
  });

  it('begins again if another message is at the offset of the last one', () => {
    const stream = new ConsumedStream();
    stream.pass(arrival(4));
    expect(resuming(stream).judge(arrival(4, 'another'))).toBe('of another stream');
    expect([stream.offset, stream.resuming]).toEqual(['first', false]);
  });

  it('continues if the stream was truncated behind the last message', () => {
    const stream = new ConsumedStream();
    stream.pass(arrival(4));
    expect(resuming(stream).judge(arrival(9))).toBe('new');
  });

  it('knows the last message that was read, once the end was found or a message was delivered', () => {
    const stream = new ConsumedStream();
    expect(stream.lastRead).toBeUndefined();
    stream.judge(arrival(4));
    expect(stream.lastRead).toBe(3);
    stream.pass(arrival(4));
    expect(stream.lastRead).toBe(4);
    stream.dispatch({ type: 'replaced' });
    expect(stream.lastRead).toBe(-1);
  });

  it('ends a survey with the first new message', () => {
    const stream = new ConsumedStream();
    stream.endSurvey = vi.fn();
    stream.judge(arrival(0));
    expect(stream.endSurvey).toHaveBeenCalled();
  });
});
