import type { ChannelModel } from 'amqplib';

/** Channels to declare on: enough to keep the broker busy. */
const MOST_SETUPS = 64;

/** Maximum number of channels for messages that the broker may refuse. */
const MAX_POOLED = 8;

/** The same where the user may have few channels: they are for all connections of the user. */
const MAX_POOLED_UNDER_USER_LIMIT = 2;

/** RabbitMQ's refusal of a channel beyond `max-channels` of the user. It closes the connection. */
const USER_LIMIT = /number of channels opened for user .* maximum allowed (?:user )?limit of \(?(\d+)/;

/**
 * Numbers of channels that a connection may open: a share of what was negotiated, and of what the user may have. The
 * connections of a transport share one, as what either of them opens counts for the user.
 */
export class ChannelBudget {
  /** Called when a limit of the user's was learnt. */
  onLimit: () => void = () => undefined;
  private userLimit = Number.POSITIVE_INFINITY;

  /** Learns the user's limit. Returns whether one of the errors is the broker's refusal because of it. */
  learn(...errors: readonly unknown[]): boolean {
    for (const error of errors) {
      const limit = error instanceof Error ? USER_LIMIT.exec(error.message)?.[1] : undefined;
      if (limit === undefined) continue;
      const isNew = this.userLimit !== Number(limit);
      this.userLimit = Number(limit);
      if (isNew) this.onLimit();
      return true;
    }
    return false;
  }

  /** Channels to declare on at a time. */
  setups(model: ChannelModel): number {
    return Math.min(MOST_SETUPS, Math.max(1, Math.floor(this.most(model) / 4)));
  }

  /** Channels to consume on. */
  readings(model: ChannelModel): number {
    return Math.max(1, this.most(model) - this.setups(model));
  }

  /**
   * Number of channels for messages that the broker may refuse, beside the one of the proven routes. 0 where there are so
   * few that one channel must serve every message.
   */
  pooled(model: ChannelModel): number {
    const max = this.userLimit === Number.POSITIVE_INFINITY ? MAX_POOLED : MAX_POOLED_UNDER_USER_LIMIT;
    return Math.max(0, Math.min(max, Math.floor((this.most(model) - this.setups(model) - 1) / 2)));
  }

  /** Number of replaced channels that may wait for confirms, beside those in use. */
  retirements(model: ChannelModel): number {
    return Math.max(0, this.most(model) - this.setups(model) - 1 - this.pooled(model));
  }

  private most(model: ChannelModel): number {
    const { channelMax } = model.connection as unknown as { readonly channelMax?: unknown };
    const negotiated = typeof channelMax === 'number' && channelMax > 0 ? channelMax : 65_535;
    // The limit is for all connections of the user: one is left to publish on.
    return Math.min(negotiated, this.userLimit - 1);
  }
}
