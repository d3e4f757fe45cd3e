import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ChannelBudget } from '../../../../../lib/drivers/rabbit/connection/channel-budget.js';
import { DeclaringChannels } from '../../../../../lib/drivers/rabbit/topology/declaring-channels.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Connection that counts its open channels. @param dead true where it has ended without a word to its channels */
function connection(dead = false) {
  const model = {
    connection: {},
    open: 0,
    createChannel: async () => {
      model.open++;
      const channel = new EventEmitter();
      const close = async () => {
        if (dead) throw new Error('Channel closed');
        model.open--;
        channel.emit('close');
      };
      return Object.assign(channel, { close });
    },
  };
  return model;
}

const modelOf = (link: ReturnType<typeof connection>) => link as unknown as ChannelModel;

/** Budget of a user who may open 3 channels. */
function smallBudget(): ChannelBudget {
  const budget = new ChannelBudget();
  budget.learn(new Error("number of channels opened for user 'few' has reached the maximum allowed user limit of (3)"));
  return budget;
}

it('opens one channel at a time on two connections of a user with few', async () => {
  const budget = smallBudget();
  const links = [connection(), connection()];
  const openNow = () => links.reduce((sum, { open }) => sum + open, 0);
  const seen: number[] = [];
  const uses = links.flatMap((link) => {
    const channels = new DeclaringChannels(budget);
    return [1, 2, 3].map(() => channels.use(modelOf(link), async () => void seen.push(openNow())));
  });
  const done = Promise.all(uses);
  await vi.advanceTimersByTimeAsync(1000);
  await done;
  expect(seen).toEqual([1, 1, 1, 1, 1, 1]);
  expect(openNow()).toBe(0);
});

it('ends the turn of a channel whose end it has missed', async () => {
  const budget = smallBudget();
  const lost = new DeclaringChannels(budget).use(modelOf(connection(true)), async () => {
    throw new Error('Channel closed');
  });
  await expect(lost).rejects.toThrow('Channel closed');
  let isDone = false;
  void new DeclaringChannels(budget).use(modelOf(connection()), async () => undefined).then(() => (isDone = true));
  await vi.advanceTimersByTimeAsync(100);
  expect(isDone).toBe(true);
});
