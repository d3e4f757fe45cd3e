import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BoundedTotal } from '../../../../lib/core/bounded-total.js';
import { SlowReplies, UnconfirmedReply } from '../../../../lib/drivers/rabbit/slow-replies.js';

describe('replies that the broker does not confirm', () => {
  let explained: boolean;
  let room: BoundedTotal;
  let slow: SlowReplies;

  beforeEach(() => {
    vi.useFakeTimers();
    explained = false;
    room = new BoundedTotal(2, 1000);
    slow = new SlowReplies(() => explained, room);
  });
  afterEach(() => {
    slow.close();
    vi.useRealTimers();
  });

  function send(size = 10) {
    let state = 'owed';
    const reply = new UnconfirmedReply(
      performance.now(),
      size,
      (waiting) => {
        state = waiting ? 'released' : 'confirmed';
        waiting?.delivered.then(
          () => (state = 'delivered'),
          () => (state = 'dropped'),
        );
      },
      () => {
        state = 'failed';
      },
    );
    slow.add(reply);
    return { reply, state: () => state };
  }

  it('let their server go on after a second to one and a half', async () => {
    const { state } = send();
    await vi.advanceTimersByTimeAsync(999);
    expect(state()).toBe('owed');
    await vi.advanceTimersByTimeAsync(501);
    expect(state()).toBe('released');
    expect(room).toMatchObject({ messages: 1, bytes: 10 });
  });

  it('are counted until they are confirmed or fail, and no longer', async () => {
    const replies = [send(), send()];
    await vi.advanceTimersByTimeAsync(1500);
    for (const { reply } of replies) slow.remove(reply);
    expect(room).toMatchObject({ messages: 0, bytes: 0 });
    replies[0]?.reply.settle();
    replies[1]?.reply.fail(new Error('refused'));
    await vi.advanceTimersByTimeAsync(0);
    expect(replies.map(({ state }) => state())).toEqual(['delivered', 'dropped']);
  });

  it('hold up their server where there is no room, until there is', async () => {
    const replies = [send(), send(), send()];
    await vi.advanceTimersByTimeAsync(1500);
    expect(replies.map(({ state }) => state())).toEqual(['released', 'released', 'owed']);
    if (replies[0]) slow.remove(replies[0].reply);
    await vi.advanceTimersByTimeAsync(500);
    expect(replies[2]?.state()).toBe('released');
  });

  it('hold up their server while the connection explains it', async () => {
    explained = true;
    const { reply, state } = send();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state()).toBe('owed');
    slow.remove(reply);
    reply.settle();
    expect(state()).toBe('confirmed');
    expect(room.messages).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
