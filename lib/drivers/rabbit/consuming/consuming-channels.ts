import type { ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';
import { DeclaringChannels } from '../topology/declaring-channels.js';
import { ConsumingChannel, type Reader } from './consuming-channel.js';

/**
 * So many read from one channel. What one of them does to the channel happens to them all, and they are started one
 * after the other; beyond that, more on a channel save little.
 */
const MOST_READERS = 64;

/** The channels of one connection that are shared. */
interface Sharing {
  readonly channels: Set<ConsumingChannel>;
  /** Channels that are not shared, or will be opened as such. */
  readonly owned: Set<ConsumingChannel | object>;
  opening: Promise<void> | undefined;
}

/**
 * The channels that are read from. Those who settle at once what they get share theirs: for each channel the broker has
 * processes of its own, and what goes through many of them goes one by one, messages and acknowledgements.
 */
export class ConsumingChannels {
  /** To declare on. */
  readonly setup: DeclaringChannels;
  private readonly sharings = new WeakMap<ChannelModel, Sharing>();

  /** @param budget limits of what is opened */
  constructor(readonly budget: ChannelBudget) {
    this.setup = new DeclaringChannels(budget);
  }

  /** @param gathering milliseconds for which acknowledgements may be gathered */
  async own(reader: Reader, model: ChannelModel, gathering: number): Promise<ConsumingChannel> {
    const { owned } = this.sharingOn(model);
    for (const one of owned) if (one instanceof ConsumingChannel && !one.open) owned.delete(one);
    // One is kept for all who find none left.
    if (owned.size >= this.budget.readings(model) - 1) return this.share(reader, model);
    const place = {};
    owned.add(place);
    try {
      const channel = await ConsumingChannel.on(model, { room: 1, gathering });
      channel.join(reader);
      owned.add(channel);
      return channel;
    } finally {
      owned.delete(place);
    }
  }

  async share(reader: Reader, model: ChannelModel): Promise<ConsumingChannel> {
    const sharing = this.sharingOn(model);
    for (;;) {
      for (const channel of sharing.channels) {
        if (channel.join(reader)) return channel;
        if (!channel.open) sharing.channels.delete(channel);
      }
      const isLast = sharing.channels.size + sharing.owned.size >= this.budget.readings(model);
      const [any] = sharing.channels;
      if (isLast && any?.join(reader, true)) return any;
      sharing.opening ??= open(model, sharing);
      await sharing.opening;
    }
  }

  private sharingOn(model: ChannelModel): Sharing {
    const known = this.sharings.get(model);
    if (known) return known;
    const sharing = { channels: new Set<ConsumingChannel>(), owned: new Set<object>(), opening: undefined };
    this.sharings.set(model, sharing);
    return sharing;
  }
}

/** One more. Others may wait for it meanwhile. */
async function open(model: ChannelModel, sharing: Sharing): Promise<void> {
  try {
    sharing.channels.add(await ConsumingChannel.on(model, { room: MOST_READERS, gathering: 0 }));
  } finally {
    sharing.opening = undefined;
  }
}
