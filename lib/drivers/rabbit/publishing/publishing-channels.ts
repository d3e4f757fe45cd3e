import type { ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';
import { PublishingChannel } from './publishing-channel.js';

/**
 * Channels are apart by what may cost them. `proven`: routes for which the broker has confirmed a message on this
 * connection. `trial`: routes that it has not, and messages larger than any it has confirmed. `volatile`: exchanges
 * that vanish with their last queue.
 */
export type Lane = 'proven' | 'trial' | 'volatile';

/** Milliseconds between two channels that are given up for what they refuse: a queue that is full refuses on any. */
const REPLACING = 250;
/** Channels that have made way and wait for confirmations, which a queue without a majority may owe for long. */
const MOST_RETIRED = 8;

/** The channels of one connection that messages are published on, one for each lane. */
export class PublishingChannels {
  proven: PublishingChannel | undefined;
  trial: PublishingChannel | undefined;
  volatile: PublishingChannel | undefined;
  private readonly opening = new Map<Lane, Promise<PublishingChannel>>();
  private replaced = Number.NEGATIVE_INFINITY;
  private retired = 0;

  /** @param onClose called when a channel has gone, before its messages are told */
  constructor(
    private readonly budget: ChannelBudget,
    private readonly onClose: (failure: Error | undefined) => void,
  ) {
    budget.onLimit = () => this.shrink();
  }

  /** Returns the channel of a lane, opened where it is not there. @throws the loss of the connection */
  acquire(model: ChannelModel, lane: Lane): Promise<PublishingChannel> {
    // Where the broker grants too few, one does for all: nothing would be left to declare on.
    const wanted = this.budget.lanes(model) === 1 ? 'proven' : lane;
    const present = this[wanted] ?? this.opening.get(wanted);
    if (present) return Promise.resolve(present);
    // Whatever is on trial now goes there next.
    if (wanted === 'trial' && !this.proven) this.acquire(model, 'proven').catch(() => undefined);
    const opening = this.open(model, wanted).finally(() => this.opening.delete(wanted));
    this.opening.set(wanted, opening);
    return opening;
  }

  /** Stops using a channel. */
  leave(channel: PublishingChannel): void {
    if (this.proven === channel) this.proven = undefined;
    if (this.trial === channel) this.trial = undefined;
    if (this.volatile === channel) this.volatile = undefined;
  }

  /**
   * Has a channel that refuses make way for a new one: it may be all that is wrong. A channel that is first used while a
   * quorum queue has no leader refuses whatever goes there, for as long as it lives.
   * @returns whether there is another one to try
   */
  replace(channel: PublishingChannel): boolean {
    if (this.proven !== channel && this.trial !== channel && this.volatile !== channel) return true;
    const now = performance.now();
    const most = Math.min(MOST_RETIRED, this.budget.retirements(channel.model));
    if (now - this.replaced < REPLACING || this.retired >= most) return false;
    this.replaced = now;
    this.giveUp(channel);
    return true;
  }

  /** Lets go of the channels that are more than there may be. */
  private shrink(): void {
    for (const channel of [this.trial, this.volatile])
      if (channel && this.budget.lanes(channel.model) === 1) this.giveUp(channel);
  }

  private giveUp(channel: PublishingChannel): void {
    this.leave(channel);
    this.retired++;
    channel.channel.once('close', () => {
      this.retired--;
    });
    channel.retire();
  }

  private async open(model: ChannelModel, lane: Lane): Promise<PublishingChannel> {
    const channel = await PublishingChannel.on(model);
    channel.onClose = () => {
      this.leave(channel);
      this.onClose(channel.failure);
    };
    if (!channel.open) throw new Error('the channel was closed at once');
    this[lane] = channel;
    return channel;
  }
}
