import type { ChannelModel } from 'amqplib';
import { ChannelTurns } from './channel-turns.js';

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

/** Number of channels of a transport that serves or calls: to consume, to publish, and to declare on. */
const NEEDED = 3;

/** Shares of a limit of the user, which is for all connections. */
interface UserShares {
  /** Number of channels that are open for a short time, to declare on. */
  readonly turns: number;
  readonly readings: number;
  readonly pooled: number;
  readonly retirements: number;
}

/**
 * Divides a limit of the user. Beside these shares there is the channel of the proven routes. Two channels at least are left
 * to readings and turns, whatever the limit.
 */
function sharesOf(limit: number): UserShares {
  const turns = Math.max(1, Math.min(MAX_SETUPS, Math.floor((limit - 1) / 4)));
  const pooled = Math.max(0, Math.min(MAX_POOLED_UNDER_USER_LIMIT, Math.floor((limit - turns - 2) / 2)));
  const spare = limit - turns - 1 - pooled;
  const retirements = Math.max(0, Math.floor(spare / 4));
  return { turns, pooled, retirements, readings: Math.max(1, spare - retirements) };
}

/**
 * Numbers of channels that a connection may open, by purpose: shares of the negotiated maximum, and of the limit of the
 * user. The connections of a transport share one budget, since the channels of both count against the user's limit.
 */
export class ChannelBudget {
  /** Turns of channels that are open for a short time. */
  readonly turns = new ChannelTurns();
  private readonly limitListeners: (() => void)[] = [];
  private shares: UserShares | undefined;
  private userLimit: number | undefined;

  /** Adds a listener that is called when a new limit of the user becomes known. */
  onLimit(listener: () => void): void {
    this.limitListeners.push(listener);
  }

  /** Learns the limit of the user. Returns true where one of the errors says that there are too many channels. */
  learn(...errors: readonly unknown[]): boolean {
    for (const error of errors) {
      if (error instanceof Error && error.message === NO_CHANNEL_LEFT) return true;
      const limit = channelLimitIn(error);
      if (limit === undefined) continue;
      if (this.userLimit === limit) return true;
      this.userLimit = limit;
      this.shares = sharesOf(limit);
      this.turns.limit = this.shares.turns;
      for (const listener of this.limitListeners) listener();
      return true;
    }
    return false;
  }

  /** Text about a limit that no transport can serve or call within; undefined where it suffices. */
  get shortage(): string | undefined {
    const { userLimit } = this;
    if (userLimit === undefined || userLimit >= NEEDED) return undefined;
    return `The user may open ${userLimit} channels (max-channels), and a transport that serves or calls needs ${NEEDED}: raise the limit of the user`;
  }

  /** Returns the number of channels to declare on at a time. */
  setups(model: ChannelModel): number {
    const setups = Math.min(MAX_SETUPS, Math.max(1, Math.floor(negotiated(model) / 4)));
    return Math.min(setups, this.shares?.turns ?? setups);
  }

  /** Returns the number of channels to consume on. */
  readings(model: ChannelModel): number {
    const readings = Math.max(1, negotiated(model) - this.setups(model));
    return Math.min(readings, this.shares?.readings ?? readings);
  }

  /**
   * Number of channels for messages that the broker may refuse, beside the one of the proven routes. 0 where there are so
   * few that one channel must serve every message.
   */
  pooled(model: ChannelModel): number {
    const pooled = Math.max(0, Math.min(MAX_POOLED, Math.floor((negotiated(model) - this.setups(model) - 1) / 2)));
    return Math.min(pooled, this.shares?.pooled ?? pooled);
  }

  /** Number of replaced channels that may wait for confirms, beside those in use. */
  retirements(model: ChannelModel): number {
    const retirements = Math.max(0, negotiated(model) - this.setups(model) - 1 - this.pooled(model));
    return Math.min(retirements, this.shares?.retirements ?? retirements);
  }
}

/** Returns the maximum number of channels that the broker has granted to a connection. */
function negotiated(model: ChannelModel): number {
  const { channelMax } = model.connection as unknown as { readonly channelMax?: unknown };
  return typeof channelMax === 'number' && channelMax > 0 ? channelMax : 65_535;
}
