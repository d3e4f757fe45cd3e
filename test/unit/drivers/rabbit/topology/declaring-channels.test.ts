import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ChannelBudget } from '../../../../../lib/drivers/rabbit/connection/channel-budget.js';
import { DeclaringChannels } from '../../../../../lib/drivers/rabbit/topology/declaring-channels.js';

class FakeChannel extends EventEmitter {
  closing = false;

  /** Stays pending, as amqplib's does until the broker has confirmed it. */
  close(): Promise<void> {
    this.closing = true;
    return new Promise(() => undefined);
  }

  end(): void {
    this.emit('close');
  }
}

describe('DeclaringChannels', () => {
  let opened: FakeChannel[];
  let model: ChannelModel;
  let channels: DeclaringChannels;
  const nothing = () => Promise.resolve();

  beforeEach(() => {
    opened = [];
    const createChannel = () => {
      const channel = new FakeChannel();
      opened.push(channel);
      return Promise.resolve(channel);
    };
    // Of four channels, one is to declare on.
    model = { createChannel, connection: { channelMax: 4 } } as unknown as ChannelModel;
    channels = new DeclaringChannels(new ChannelBudget());
  });

  it('passes a channel to the next user, and closes it after the last', async () => {
    await Promise.all([channels.use(model, nothing), channels.use(model, nothing)]);
    expect(opened.map(({ closing }) => closing)).toEqual([true]);
  });

  it('opens no other channel while one is being closed', async () => {
    await channels.use(model, nothing);
    const ran = vi.fn(nothing);
    const next = channels.use(model, ran);
    await new Promise(setImmediate);
    expect(opened).toHaveLength(1);
    expect(ran).not.toHaveBeenCalled();
    opened[0]?.end();
    await next;
    expect(opened).toHaveLength(2);
  });

  it('opens no other channel while one is being closed after a failure', async () => {
    await expect(channels.use(model, () => Promise.reject(new RangeError('refused')))).rejects.toThrow('refused');
    const next = channels.use(model, nothing);
    await new Promise(setImmediate);
    expect(opened).toHaveLength(1);
    opened[0]?.end();
    await next;
    expect(opened).toHaveLength(2);
  });

  it('opens another channel at once where the broker has closed one', async () => {
    const refused = channels.use(model, async () => {
      opened[0]?.end();
      throw new RangeError('refused');
    });
    await expect(refused).rejects.toThrow('refused');
    await channels.use(model, nothing);
    expect(opened).toHaveLength(2);
  });

  it('does not wait for ever for a broker that leaves a close unanswered', async () => {
    vi.useFakeTimers();
    try {
      await channels.use(model, nothing);
      const next = channels.use(model, nothing);
      await vi.advanceTimersByTimeAsync(1100);
      await next;
      expect(opened).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
