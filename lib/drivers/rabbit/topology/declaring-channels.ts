import type { Channel, ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';

interface Setup {
  readonly model: ChannelModel;
  readonly channel: Channel;
  open: boolean;
}

/**
 * Channels to declare and to delete on, apart from those that are read from: what the broker refuses costs the channel.
 * There are a few, which go from one user to the next, and none when nobody waits.
 */
export class DeclaringChannels {
  private readonly waiting: (() => void)[] = [];
  /** On their way to the next. */
  private readonly idle: Setup[] = [];
  private busy = 0;

  constructor(private readonly budget: ChannelBudget) {}

  /** Lets the work have a channel. @throws what it throws, or the loss of the connection */
  async use(model: ChannelModel, work: (channel: Channel) => Promise<void>): Promise<void> {
    if (this.busy < this.budget.setups(model)) this.busy++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let setup: Setup | undefined;
    try {
      setup = await this.take(model);
      await work(setup.channel);
    } finally {
      this.passOn(setup);
    }
  }

  private async take(model: ChannelModel): Promise<Setup> {
    for (let setup = this.idle.pop(); setup; setup = this.idle.pop())
      if (setup.open && setup.model === model) return setup;
    const channel = await model.createChannel();
    const setup = { model, channel, open: true };
    channel.on('error', () => undefined);
    channel.once('close', () => {
      setup.open = false;
    });
    return setup;
  }

  private passOn(setup: Setup | undefined): void {
    if (setup) this.idle.push(setup);
    const next = this.waiting.shift();
    if (next) {
      next();
      return;
    }
    this.busy--;
    for (const { open, channel } of this.idle.splice(0)) if (open) channel.close().catch(() => undefined);
  }
}
