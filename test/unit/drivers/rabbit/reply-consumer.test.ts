import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../../lib/core/deadline.js';
import { ServerListenError } from '../../../../lib/core/errors.js';
import type { Consumer } from '../../../../lib/drivers/rabbit/consuming/consumer.js';
import { ReplyConsumer } from '../../../../lib/drivers/rabbit/reply-consumer.js';
import type { QueueSpec } from '../../../../lib/drivers/rabbit/topology/topology.js';
import { fakeContext } from '../inbox/fake-delivery.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function make() {
  const { settings, log } = fakeContext();
  const events: string[] = [];
  const state = { names: ['reply_1'], refusal: undefined as Error | undefined, waits: false };
  let made = 0;
  const consume = (_queue: QueueSpec) => {
    const number = ++made;
    const consumer = {
      onAttach: () => undefined,
      get names() {
        return state.names;
      },
      async start() {
        events.push(`start ${number}`);
        if (state.refusal) throw state.refusal;
        consumer.onAttach();
      },
      cancel: async () => void events.push(`cancel ${number}`),
      close: async () => void events.push(`close ${number}`),
      attach: () => consumer.onAttach(),
    };
    last = consumer;
    return consumer as unknown as Consumer;
  };
  let last: { attach(): void } | undefined;
  const ports = {
    consume,
    watch: () => void events.push('watch'),
    doubt: async () => undefined,
    isWaiting: () => false,
    renamed: () => void events.push('renamed'),
  };
  const replies = new ReplyConsumer(settings, ports, () => undefined);
  const start = () => replies.start({ deadline: Deadline.after(1000), retry: 0 });
  return { replies, events, state, log, start, attach: () => last?.attach() };
}

describe('the reply queue of a transport', () => {
  it('is consumed on first use, and shows in the health once it is', async () => {
    const { replies, events } = make();
    expect(replies.queue).toBeUndefined();
    expect(await Promise.all([replies.address(), replies.address()])).toEqual(['reply_1', 'reply_1']);
    expect(await replies.address()).toBe('reply_1');
    expect(events).toEqual(['start 1', 'watch']);
  });

  it('is done without for a while where the broker refuses it, with one line in the log', async () => {
    const { replies, events, state, log } = make();
    state.refusal = new ServerListenError('403');
    for (let round = 0; round < 3; round++) expect(await replies.address()).toBeUndefined();
    expect(events).toEqual(['start 1', 'cancel 1', 'close 1']);
    expect(log.messages(/^Callers cannot cancel their requests here.*403$/, 'debug')).toHaveLength(1);
    state.refusal = undefined;
    vi.advanceTimersByTime(60_000);
    expect(await replies.address()).toBe('reply_1');
    expect(events.slice(3)).toEqual(['start 2', 'watch']);
  });

  it('is kept where calls need it, though the broker refuses it', async () => {
    const { replies, events, state, start } = make();
    state.refusal = new ServerListenError('403');
    await expect(start()).rejects.toThrow('403');
    expect(await replies.address()).toBeUndefined();
    state.refusal = undefined;
    await start();
    expect(await replies.address()).toBe('reply_1');
    expect(events).toEqual(['watch', 'start 1', 'start 1', 'watch', 'start 1']);
  });

  it('says when it has another name', async () => {
    const { replies, events, state, attach } = make();
    await replies.address();
    attach();
    expect(events).not.toContain('renamed');
    state.names = ['reply_2'];
    attach();
    attach();
    expect(events.filter((event) => event === 'renamed')).toHaveLength(1);
    expect(await replies.address()).toBe('reply_2');
  });

  it('is not opened again after its end', async () => {
    const { replies, events } = make();
    await replies.close();
    expect(await replies.address()).toBeUndefined();
    expect(events).toEqual([]);
  });
});
