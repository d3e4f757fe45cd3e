import type { ChannelModel } from 'amqplib';
import type { ConsumedQueue } from './consumed-queue.js';
import { replyCodeOf } from './reply-code.js';
import type { SetupChannels } from './setup-channels.js';

/** Milliseconds after which it is looked: a broker cleans up behind a node within seconds. */
const LOOKS = [2000, 10_000];
const NOT_FOUND = 404;

/**
 * Looks whether queues that are consumed from again are still there. When a node of a cluster fails, the others delete
 * its transient queues by their names, and may hit the one that was declared anew meanwhile. Its consumer is not told:
 * nothing comes any more, and whoever sends there hears that there is no such queue.
 */
export class LostQueues {
  private timers: NodeJS.Timeout[] = [];

  /** @param onLost called with a queue that is gone, unless {@link stop} was before */
  constructor(
    private readonly setup: SetupChannels,
    private readonly onLost: (queue: ConsumedQueue) => void,
  ) {}

  /** Looks from now on, a few times. */
  start(model: ChannelModel, queues: readonly ConsumedQueue[]): void {
    this.stop();
    const timers = LOOKS.map((delay) =>
      setTimeout(() => {
        // A look that fails for another reason tells nothing: the loss of the connection has its own event.
        this.look(model, queues, timers).catch(() => undefined);
      }, delay),
    );
    this.timers = timers;
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }

  private async look(model: ChannelModel, queues: readonly ConsumedQueue[], timers: NodeJS.Timeout[]): Promise<void> {
    await this.setup.use(model, async (channel) => {
      for (const queue of queues) {
        try {
          await channel.checkQueue(queue.name);
        } catch (error) {
          if (timers === this.timers && replyCodeOf(error) === NOT_FOUND) this.onLost(queue);
          throw error;
        }
      }
    });
  }
}
