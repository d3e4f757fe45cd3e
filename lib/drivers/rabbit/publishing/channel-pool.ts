import type { ChannelModel } from 'amqplib';
import type { PublishingChannel } from './publishing-channel.js';

/** Name of a route or an exchange, or a message that must have a channel for itself. */
export type LeaseKey = string | object;

/** Time in milliseconds after which a key shares a channel when none becomes idle. */
const SHARE_AFTER_MS = 250;

/**
 * Time in milliseconds between two looks at idle channels. Those that were idle all the time in between are closed, all but
 * one: after one to two of these times.
 */
const IDLE_MS = 2000;

/** Use of a channel by the messages of one key, from before they are written until the broker has confirmed them. */
export interface Lease {
  readonly key: LeaseKey;
  /** Number of messages. */
  users: number;
  channel: PublishingChannel | undefined;
  opening: Promise<PublishingChannel> | undefined;
}

interface Waiting {
  readonly model: ChannelModel;
  readonly lease: Lease;
  readonly timer: NodeJS.Timeout;
  resolve(channel: PublishingChannel): void;
  reject(error: unknown): void;
}

export interface PoolPorts {
  /** Returns the highest number of channels on a connection, at least 1. */
  bound(model: ChannelModel): number;
  open(model: ChannelModel): Promise<PublishingChannel>;
  /** Called with each channel that the pool no longer needs. */
  discard(channel: PublishingChannel): void;
}

/**
 * Channels for messages that the broker may refuse. The messages of one key are published on one channel, in order, and
 * no other key uses it meanwhile: when the broker closes it, only messages of that key are affected. When every channel
 * is in use, a key waits for one; after {@link SHARE_AFTER_MS} it shares the least used one.
 */
export class ChannelPool {
  private readonly leases = new Map<LeaseKey, Lease>();
  private readonly channels = new Map<PublishingChannel, Set<Lease>>();
  private readonly waiting = new Set<Waiting>();
  private opening = 0;
  /** True from the first shared channel until one is idle: others need not wait as long again. */
  private saturated = false;
  private idleTimer: NodeJS.Timeout | undefined;
  /** Channels that have not been used since the last look at idle ones. */
  private readonly rested = new Set<PublishingChannel>();

  constructor(private readonly ports: PoolPorts) {}

  /** Counts one more message of a key. Every call needs one of {@link release}. */
  lease(key: LeaseKey): Lease {
    let lease = this.leases.get(key);
    if (!lease) {
      lease = { key, users: 0, channel: undefined, opening: undefined };
      this.leases.set(key, lease);
    }
    lease.users++;
    return lease;
  }

  /** Returns the channel of a lease. @throws the loss of the connection */
  acquire(model: ChannelModel, lease: Lease): Promise<PublishingChannel> {
    if (lease.channel?.usable && lease.channel.model === model) return Promise.resolve(lease.channel);
    const idle = lease.opening ? undefined : this.idleOn(model);
    if (idle) return Promise.resolve(this.assign(idle, lease));
    lease.opening ??= this.find(model, lease).finally(() => {
      lease.opening = undefined;
    });
    return lease.opening;
  }

  release(lease: Lease): void {
    if (--lease.users > 0) return;
    this.leases.delete(lease.key);
    for (const one of this.waiting) if (one.lease === lease) this.settle(one)?.reject(new Error('no longer needed'));
    if (lease.channel) this.vacate(lease.channel, lease);
  }

  all(): Iterable<PublishingChannel> {
    return this.channels.keys();
  }

  has(channel: PublishingChannel): boolean {
    return this.channels.has(channel);
  }

  /** Removes a channel that is closed or retired. Its keys get another one with their next message. */
  remove(channel: PublishingChannel): void {
    for (const lease of this.channels.get(channel) ?? []) lease.channel = undefined;
    this.channels.delete(channel);
    this.rested.delete(channel);
    this.saturated = false;
    this.openForNext();
  }

  /** Discards channels above the bound, after the bound was lowered. */
  shrink(): void {
    for (const [channel] of this.channels)
      if (this.channels.size > this.ports.bound(channel.model)) this.ports.discard(channel);
  }

  private async find(model: ChannelModel, lease: Lease): Promise<PublishingChannel> {
    if (this.hasRoom(model)) return this.open(model, lease);
    const least = this.saturated ? this.leastUsed(model) : undefined;
    if (least) return this.assign(least, lease);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.share(one), SHARE_AFTER_MS);
      const one: Waiting = { model, lease, timer, resolve, reject };
      this.waiting.add(one);
    });
  }

  private hasRoom(model: ChannelModel): boolean {
    return this.channels.size + this.opening < this.ports.bound(model);
  }

  private async open(model: ChannelModel, lease: Lease): Promise<PublishingChannel> {
    this.opening++;
    try {
      const channel = await this.ports.open(model);
      this.channels.set(channel, new Set());
      return this.assign(channel, lease);
    } catch (error) {
      if (!this.leastUsed(model)) this.abandon(model, error);
      throw error;
    } finally {
      this.opening--;
    }
  }

  /** Rejects the keys that wait for a channel of a connection which has none, since it may be lost. */
  private abandon(model: ChannelModel, error: unknown): void {
    for (const one of this.waiting) if (one.model === model) this.settle(one)?.reject(error);
  }

  private assign(channel: PublishingChannel, lease: Lease): PublishingChannel {
    // Every message of the key may have given up while the channel was opened.
    if (lease.users > 0) {
      lease.channel = channel;
      this.rested.delete(channel);
      this.channels.get(channel)?.add(lease);
    } else this.passOn(channel);
    return channel;
  }

  private vacate(channel: PublishingChannel, lease: Lease): void {
    const leases = this.channels.get(channel);
    leases?.delete(lease);
    if (leases?.size === 0) this.passOn(channel);
  }

  /** Gives an idle channel to the key that has waited longest. */
  private passOn(channel: PublishingChannel): void {
    this.saturated = false;
    for (const next of this.waiting) {
      if (next.model !== channel.model) continue;
      this.settle(next)?.resolve(this.assign(channel, next.lease));
      return;
    }
    this.idleTimer ??= setTimeout(() => this.closeIdle(), IDLE_MS).unref();
  }

  private openForNext(): void {
    const [next] = this.waiting;
    if (!next || !this.hasRoom(next.model)) return;
    this.settle(next);
    this.open(next.model, next.lease).then(next.resolve, next.reject);
  }

  private share(one: Waiting): void {
    const least = this.leastUsed(one.model);
    if (least) {
      this.saturated = true;
      this.settle(one)?.resolve(this.assign(least, one.lease));
    } else if (this.opening > 0) one.timer.refresh();
    else this.abandon(one.model, new Error('the connection has no channel for it'));
  }

  private leastUsed(model: ChannelModel): PublishingChannel | undefined {
    const [least] = [...this.channels]
      .filter(([channel]) => channel.model === model)
      .sort(([, a], [, b]) => a.size - b.size);
    return least?.[0];
  }

  /** Ends the waiting. Returns undefined when it has ended before. */
  private settle(one: Waiting): Waiting | undefined {
    clearTimeout(one.timer);
    return this.waiting.delete(one) ? one : undefined;
  }

  private idleOn(model: ChannelModel): PublishingChannel | undefined {
    for (const [channel, leases] of this.channels)
      if (leases.size === 0 && channel.model === model && channel.usable) return channel;
    return undefined;
  }

  private closeIdle(): void {
    this.idleTimer = undefined;
    const [, ...spare] = [...this.channels].filter(([, leases]) => leases.size === 0).map(([channel]) => channel);
    const used = spare.filter((channel) => !this.rested.has(channel));
    for (const channel of spare) if (this.rested.has(channel)) this.ports.discard(channel);
    for (const channel of used) this.rested.add(channel);
    if (used.length > 0) this.idleTimer = setTimeout(() => this.closeIdle(), IDLE_MS).unref();
  }
}
