import type { ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';
import { DeclaringChannels } from '../topology/declaring-channels.js';
import { ConsumingChannel, type Reader } from './consuming-channel.js';

/**
 * Maximum number of readers of a shared channel. A channel error of one reader affects all of them, and they are started
 * one after another. More readers would save little.
 */
const MAX_READERS = 64;

/** Channels of one connection. */
interface Sharing {
  readonly channels: Set<ConsumingChannel>;
  /** Channels with one reader, and placeholders of those that are being opened. */
  readonly owned: Set<ConsumingChannel | object>;
  opening: Promise<void> | undefined;
}

/**
 * Channels of all consumers. Readers that settle each message at once share channels: the broker runs processes for each
 * channel, and messages and acknowledgements on many channels are not batched.
 */
export class ConsumingChannels {
  /** Channels for declarations. */
  readonly setup: DeclaringChannels;
  private readonly sharings = new WeakMap<ChannelModel, Sharing>();
  private latest: ChannelModel | undefined;

  /** @param budget numbers of channels that may be opened */
  constructor(readonly budget: ChannelBudget) {
    this.setup = new DeclaringChannels(budget);
    budget.onLimit(() => this.shrink());
  }

  /** Opens a channel for one reader. @param gathering time for which acknowledgements are gathered, in milliseconds */
  async own(reader: Reader, model: ChannelModel, gathering: number): Promise<ConsumingChannel> {
    const { owned } = this.sharingOn(model);
    for (const one of owned) if (one instanceof ConsumingChannel && !one.open) owned.delete(one);
    // One channel is left for all readers that get none of their own.
    if (owned.size >= this.budget.readings(model) - 1) return this.share(reader, model);
    const place = {};
    owned.add(place);
    try {
      const channel = await ConsumingChannel.on(model, { room: 1, gathering });
      owned.delete(place);
      channel.join(reader);
      // A limit of the user may have become known meanwhile.
      if (owned.size < this.budget.readings(model) - 1) {
        owned.add(channel);
        return channel;
      }
      await channel.leave(reader);
      return this.share(reader, model);
    } finally {
      owned.delete(place);
    }
  }

  /** Returns a channel that the reader shares with others. */
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

  /** Drops the channels that are too many, after a limit of the user has become known. */
  private shrink(): void {
    const { latest } = this;
    if (!latest) return;
    const { channels, owned } = this.sharingOn(latest);
    const most = this.budget.readings(latest);
    for (const channel of owned) {
      // One channel is left for all readers that get none of their own.
      if (owned.size < most) break;
      if (owned.delete(channel) && channel instanceof ConsumingChannel) channel.drop();
    }
    for (const channel of channels) {
      if (owned.size + channels.size <= most) break;
      channels.delete(channel);
      channel.drop();
    }
  }

  private sharingOn(model: ChannelModel): Sharing {
    const known = this.sharings.get(model);
    if (known) return known;
    this.latest = model;
    const sharing = { channels: new Set<ConsumingChannel>(), owned: new Set<object>(), opening: undefined };
    this.sharings.set(model, sharing);
    return sharing;
  }
}

/** Opens another shared channel, which several readers may wait for. */
async function open(model: ChannelModel, sharing: Sharing): Promise<void> {
  try {
    sharing.channels.add(await ConsumingChannel.on(model, { room: MAX_READERS, gathering: 0 }));
  } finally {
    sharing.opening = undefined;
  }
}
