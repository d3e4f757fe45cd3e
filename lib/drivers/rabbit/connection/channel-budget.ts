import type { ChannelModel } from 'amqplib';

/** Maximum number of channels to declare on, which keeps the broker busy. */
const MAX_SETUPS = 64;

/** Maximum number of channels for messages that the broker may refuse. */
const MAX_POOLED = 8;

/** The same where the user may have few channels: they are for all connections of the user. */
const MAX_POOLED_UNDER_USER_LIMIT = 2;

/** Error by which RabbitMQ closes a connection that exceeds `max-channels` of its user. */
const USER_LIMIT = /number of channels opened for user .* maximum allowed (?:user )?limit of \(?(\d+)/;

/** Error of amqplib where a connection has no free channel number: channels that are being closed still count. */
const NO_CHANNEL_LEFT = 'No channels left to allocate';

/** Returns the limit of the user's channels that the broker names in a refusal; undefined for any other error. */
export function channelLimitIn(error: unknown): number | undefined {
  const limit = error instanceof Error ? USER_LIMIT.exec(error.message)?.[1] : undefined;
  return limit === undefined ? undefined : Number(limit);
}

/**
 * Numbers of channels that a connection may open, by purpose: shares of the negotiated maximum, and of the limit of the
 * user. The connections of a transport share one budget, since the channels of both count against the user's limit.
 */
export class ChannelBudget {
  /** Called when a new limit of the user becomes known. */
  onLimit: () => void = () => undefined;
  private userLimit = Number.POSITIVE_INFINITY;

  /** Learns the limit of the user. Returns true where one of the errors says that there are too many channels. */
  learn(...errors: readonly unknown[]): boolean {
    for (const error of errors) {
      if (error instanceof Error && error.message === NO_CHANNEL_LEFT) return true;
      const limit = channelLimitIn(error);
      if (limit === undefined) continue;
      const isNew = this.userLimit !== limit;
      this.userLimit = limit;
      if (isNew) this.onLimit();
      return true;
    }
    return false;
  }

  /** Returns the number of channels to declare on at a time. */
  setups(model: ChannelModel): number {
    return Math.min(MAX_SETUPS, Math.max(1, Math.floor(this.maximum(model) / 4)));
  }

  /** Returns the number of channels to consume on. */
  readings(model: ChannelModel): number {
    return Math.max(1, this.maximum(model) - this.setups(model));
  }

  /**
   * Number of channels for messages that the broker may refuse, beside the one of the proven routes. 0 where there are so
   * few that one channel must serve every message.
   */
  pooled(model: ChannelModel): number {
    const max = this.userLimit === Number.POSITIVE_INFINITY ? MAX_POOLED : MAX_POOLED_UNDER_USER_LIMIT;
    return Math.max(0, Math.min(max, Math.floor((this.maximum(model) - this.setups(model) - 1) / 2)));
  }

  /** Number of replaced channels that may wait for confirms, beside those in use. */
  retirements(model: ChannelModel): number {
    return Math.max(0, this.maximum(model) - this.setups(model) - 1 - this.pooled(model));
  }

  private maximum(model: ChannelModel): number {
    const { channelMax } = model.connection as unknown as { readonly channelMax?: unknown };
    const negotiated = typeof channelMax === 'number' && channelMax > 0 ? channelMax : 65_535;
    // The limit is for all connections of the user: one channel is left to publish on.
    return Math.min(negotiated, this.userLimit - 1);
  }
}
