import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Attachment } from '../../../../../lib/drivers/rabbit/consuming/attachment.js';
import { ConsumedQueue } from '../../../../../lib/drivers/rabbit/consuming/consumed-queue.js';
import { DeclareAgain } from '../../../../../lib/drivers/rabbit/topology/declarer.js';

/** Attachment to an empty stream at a broker that takes half a second to answer, so that the survey waits for 5 s. */
function surveying() {
  const model = {};
  const channel = {
    model,
    open: true,
    shared: true,
    cancel: async () => undefined,
    consume: async () => undefined,
    join: () => true,
    leave: async () => undefined,
    awaitStart: async () => {
      vi.advanceTimersByTime(500);
    },
  };
  const setup = { checkQueue: async () => ({ messageCount: 0, consumerCount: 0 }) };
  const ports = {
    channels: {
      share: async () => channel,
      setup: { use: async (_model: object, work: (on: object) => Promise<unknown>) => work(setup) },
      budget: { learn: () => false },
    },
    declarer: { declareQueue: async () => undefined, optionsOf: () => ({}), found: () => undefined },
    reconnectDelay: 100,
    isWanted: () => true,
    isCurrent: () => true,
    lastError: () => undefined,
  };
  const queue = new ConsumedQueue({ name: 'empty', key: 'key', exchange: undefined, stream: true });
  const events = { delivered: vi.fn(), cancelled: vi.fn() };
  const reading = { queues: [], prefetch: 1, prompt: true, onMessage: vi.fn() };
  const attachment = new Attachment({ ended: vi.fn() }, [queue], reading as never, ports as never, events);
  return { attachment, channel, opening: attachment.open(model as never).catch((error: unknown) => error) };
}

describe('an attachment that surveys a stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('fails at once when its channel ends, so that it is repeated', async () => {
    const { attachment, channel, opening } = surveying();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    channel.open = false;
    attachment.ended(false);
    expect(await opening).toBeInstanceOf(DeclareAgain);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer when its consumer stops', async () => {
    const { attachment, opening } = surveying();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    attachment.endSurveys();
    expect(await opening).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });
});
