import type { Channel, ChannelModel } from 'amqplib';
import { settleWithin } from '../../../core/settle-within.js';
import type { ChannelBudget } from '../connection/channel-budget.js';

/** Longest wait for the answer to `channel.close`, in milliseconds. A broker may leave it unanswered. */
const CLOSE_TIMEOUT_MS = 1000;

interface DeclaringChannel {
  readonly model: ChannelModel;
  readonly channel: Channel;
  open: boolean;
  /** Ends the turn of the channel. */
  endTurn(): void;
}

/**
 * Channels to declare and to delete on. The broker closes a channel with a refusal, so they are used for nothing else. They
 * are passed from one user to the next, and closed when nobody waits.
 */
export class DeclaringChannels {
  private readonly waiting: (() => void)[] = [];
  /** Channels on their way to the next user. */
  private readonly idle: DeclaringChannel[] = [];
  /** Channels in use, and those that are being closed: they count at the broker until it has confirmed that. */
  private busy = 0;

  constructor(private readonly budget: ChannelBudget) {}

  /** Runs a task with a channel. @throws the error of the task, or the loss of the connection */
  async use(model: ChannelModel, work: (channel: Channel) => Promise<void>): Promise<void> {
    if (this.busy < this.budget.setups(model)) this.busy++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let used: DeclaringChannel | undefined;
    try {
      used = await this.acquire(model);
      await work(used.channel);
    } catch (error) {
      // Its last declaration may still wait for an answer, and would hold up the next one.
      void this.close(used, model);
      throw error;
    }
    this.release(used, model);
  }

  private async acquire(model: ChannelModel): Promise<DeclaringChannel> {
    for (let idle = this.idle.pop(); idle; idle = this.idle.pop()) if (idle.open && idle.model === model) return idle;
    const endTurn = await this.budget.turns.begin();
    try {
      const channel = await model.createChannel();
      const opened = { model, channel, open: true, endTurn: () => endTurn('closed') };
      channel.on('error', () => undefined);
      channel.once('close', () => {
        opened.open = false;
        opened.endTurn();
      });
      return opened;
    } catch (error) {
      endTurn('unused');
      throw error;
    }
  }

  private release(used: DeclaringChannel, model: ChannelModel): void {
    // Another connection may wait for the turn of the channel.
    if (this.waiting.length === 0 || this.hasTooMany(model) || this.budget.turns.contended) {
      void this.close(used, model);
      return;
    }
    this.idle.push(used);
    this.waiting.shift()?.();
  }

  /** Closes a channel, and lets the next user open one. */
  private async close(used: DeclaringChannel | undefined, model: ChannelModel): Promise<void> {
    if (used?.open) {
      used.open = false;
      // The loss of the connection leaves `close()` pending, or makes it fail where the channel has missed that loss.
      const closed = new Promise((resolve) => used.channel.once('close', resolve));
      await settleWithin(Promise.race([closed, used.channel.close()]), CLOSE_TIMEOUT_MS);
      used.endTurn();
    }
    const next = this.hasTooMany(model) ? undefined : this.waiting.shift();
    if (next) next();
    else this.busy--;
  }

  /** Returns true where a limit of the user has become known that leaves fewer channels to declare on. */
  private hasTooMany(model: ChannelModel): boolean {
    return this.busy > this.budget.setups(model);
  }
}
