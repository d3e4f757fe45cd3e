import type { Channel, ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';

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
      if (used) close(used);
      throw error;
    } finally {
      this.release(used, model);
    }
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

  private release(used: DeclaringChannel | undefined, model: ChannelModel): void {
    if (used) this.idle.push(used);
    // There may be fewer than before: a limit of the user has become known.
    const next = this.busy > this.budget.setups(model) ? undefined : this.waiting.shift();
    // Another connection may wait for the turn of the channel.
    if (!next || this.budget.turns.contended) this.closeIdle();
    if (next) next();
    else this.busy--;
  }

  private closeIdle(): void {
    for (const one of this.idle.splice(0)) close(one);
  }
}

function close(one: DeclaringChannel): void {
  if (!one.open) return;
  one.open = false;
  // A connection that ends in the turn in which it opens the channel ends it before anybody listens.
  one.channel.close().catch(() => one.endTurn());
}
