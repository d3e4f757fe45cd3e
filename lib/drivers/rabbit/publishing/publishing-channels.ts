import type { ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';
import { ChannelPool, type Lease, type LeaseKey } from './channel-pool.js';
import { PublishingChannel } from './publishing-channel.js';

/** Minimum time in milliseconds between two replacements: a full queue refuses on every channel. */
const REPLACE_INTERVAL_MS = 250;

/** Maximum number of retired channels that wait for confirms. A queue without a majority may owe them for long. */
const MAX_RETIRED = 8;

/**
 * Channels of one connection to publish on: one for every route that the broker has accepted on this connection, and a
 * pool for messages that it may refuse, because it closes the channel with a refusal.
 */
export class PublishingChannels {
  /** Channel of the proven routes. */
  proven: PublishingChannel | undefined;
  private openingProven: Promise<PublishingChannel> | undefined;
  private readonly pool: ChannelPool;
  private replacedAt = Number.NEGATIVE_INFINITY;
  private retired = 0;
  /** Delivery tag of the oldest request of each channel at the last look. */
  private looked = new Map<PublishingChannel, number>();
  /** Channels on which it was the same at the look before, with that tag. */
  private readonly stuck = new Map<PublishingChannel, number>();

  /** @param onClose called with a channel that is closed, before the outcomes of its messages */
  constructor(
    private readonly budget: ChannelBudget,
    private readonly onClose: (channel: PublishingChannel) => void,
  ) {
    this.pool = new ChannelPool({
      bound: (model) => budget.pooled(model),
      open: (model) => this.open(model, (channel) => this.pool.remove(channel)),
      discard: (channel) => this.giveUp(channel),
    });
    budget.onLimit(() => this.pool.shrink());
  }

  /** Counts one more message that the broker may refuse. Every call needs one of {@link release}. */
  lease(key: LeaseKey): Lease {
    return this.pool.lease(key);
  }

  release(lease: Lease): void {
    this.pool.release(lease);
  }

  /** Returns the channel of a lease, or of the proven routes. @throws the loss of the connection */
  acquire(model: ChannelModel, lease: Lease | undefined): Promise<PublishingChannel> {
    // With too few channels one serves every message: otherwise none would be left to declare on.
    if (!lease || this.budget.pooled(model) === 0) return this.acquireProven(model);
    // A route that the broker accepts moves to the channel of the proven routes next.
    if (!this.proven) this.acquireProven(model).catch(() => undefined);
    return this.pool.acquire(model, lease);
  }

  /**
   * Replaces a channel on which a queue refused a message: the fault may be the channel's. A channel that was first used
   * while a quorum queue had no leader refuses every message for that queue for as long as it is open.
   * @returns false when no other channel may be opened now
   */
  replace(channel: PublishingChannel): boolean {
    if (!this.owns(channel)) return true;
    const now = performance.now();
    if (now - this.replacedAt < REPLACE_INTERVAL_MS || this.retired >= this.maxRetired(channel)) return false;
    this.replacedAt = now;
    this.giveUp(channel);
    return true;
  }

  /** Looks for channels whose oldest request is the same as at the last look. Returns true where there are some. */
  findStuck(): boolean {
    const before = this.looked;
    this.looked = new Map();
    this.stuck.clear();
    for (const channel of [...(this.proven ? [this.proven] : []), ...this.pool.all()]) {
      const { oldestRequest } = channel;
      if (oldestRequest === undefined) continue;
      this.looked.set(channel, oldestRequest);
      if (before.get(channel) === oldestRequest) this.stuck.set(channel, oldestRequest);
    }
    return this.stuck.size > 0;
  }

  /**
   * Publishes on other channels from now on where the found request still waits. What these have published stays with them:
   * it may be delivered yet. A channel goes on to ask the former leader of a quorum queue that is cut off, for a minute,
   * also after there is another one. It uses a half of the retired channels at most: the others are for {@link replace},
   * which one queue without a majority must not prevent.
   */
  leaveStuck(): void {
    for (const [channel, tag] of this.stuck) {
      if (channel.oldestRequest !== tag || !this.owns(channel)) continue;
      if (this.retired >= this.maxRetired(channel) / 2) return;
      this.giveUp(channel);
    }
  }

  private owns(channel: PublishingChannel): boolean {
    return this.proven === channel || this.pool.has(channel);
  }

  private maxRetired({ model }: PublishingChannel): number {
    return Math.min(MAX_RETIRED, this.budget.retirements(model));
  }

  private acquireProven(model: ChannelModel): Promise<PublishingChannel> {
    if (this.proven) return Promise.resolve(this.proven);
    this.openingProven ??= this.openProven(model).finally(() => {
      this.openingProven = undefined;
    });
    return this.openingProven;
  }

  private async openProven(model: ChannelModel): Promise<PublishingChannel> {
    this.proven = await this.open(model, (channel) => this.leaveProven(channel));
    return this.proven;
  }

  private leaveProven(channel: PublishingChannel): void {
    if (this.proven === channel) this.proven = undefined;
  }

  private giveUp(channel: PublishingChannel): void {
    this.leaveProven(channel);
    this.pool.remove(channel);
    this.retired++;
    channel.channel.once('close', () => {
      this.retired--;
    });
    channel.retire();
  }

  private async open(model: ChannelModel, leave: (channel: PublishingChannel) => void): Promise<PublishingChannel> {
    const channel = await PublishingChannel.on(model);
    channel.onClose = () => {
      leave(channel);
      this.onClose(channel);
    };
    if (!channel.open) throw new Error('the broker closed the channel at once');
    return channel;
  }
}
