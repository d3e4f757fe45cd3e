import type { Channel, ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';

interface DeclaringChannel {
  readonly model: ChannelModel;
  readonly channel: Channel;
  open: boolean;
}

/**
 * Channels to declare and to delete on. The broker closes a channel with a refusal, so they are used for nothing else. They
 * are passed from one user to the next, and closed when nobody waits.
 */
export class DeclaringChannels {
  private readonly waiting: (() => void)[] = [];
  /** Channels on their way to the next user. */
  private readonly idle: DeclaringChannel[] = [];
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
      if (used?.open) used.channel.close().catch(() => undefined);
      if (used) used.open = false;
      throw error;
    } finally {
      this.release(used);
    }
  }

  private async acquire(model: ChannelModel): Promise<DeclaringChannel> {
    for (let idle = this.idle.pop(); idle; idle = this.idle.pop()) if (idle.open && idle.model === model) return idle;
    const channel = await model.createChannel();
    const opened = { model, channel, open: true };
    channel.on('error', () => undefined);
    channel.once('close', () => {
      opened.open = false;
    });
    return opened;
  }

  private release(used: DeclaringChannel | undefined): void {
    if (used) this.idle.push(used);
    const next = this.waiting.shift();
    if (next) {
      next();
      return;
    }
    this.busy--;
    for (const { open, channel } of this.idle.splice(0)) if (open) channel.close().catch(() => undefined);
  }
}
