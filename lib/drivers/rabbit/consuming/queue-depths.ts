import type { Channel, ChannelModel } from 'amqplib';
import { Deadline } from '../../../core/deadline.js';
import type { QueueDepth } from '../../driver.js';
import type { ChannelTurns } from '../connection/channel-turns.js';

/** Longest time for the answers of the broker, in milliseconds. A scrape waits for them. */
const TIMEOUT_MS = 2000;

/** Reads how many messages wait in queues, on a channel of its own: the broker closes it for a queue that is missing. */
export class QueueDepths {
  private reading: Promise<QueueDepth[]> | undefined;

  /** @param current returns the open connection; undefined where there is none */
  constructor(
    private readonly current: () => ChannelModel | undefined,
    private readonly queues: () => readonly string[],
    private readonly turns: Pick<ChannelTurns, 'during'>,
  ) {}

  /** Resolves with the depths that the broker has told in time. Reads at the same time are one. */
  read(): Promise<QueueDepth[]> {
    this.reading ??= this.ask().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async ask(): Promise<QueueDepth[]> {
    const model = this.current();
    const depths: QueueDepth[] = [];
    if (!model) return depths;
    const deadline = Deadline.after(TIMEOUT_MS);
    try {
      const asking = this.turns.during(() => this.askOn(model, depths, deadline));
      await deadline.race(asking, () => new Error('no answer'));
    } catch {
      // Lost, missing or late: the rest is not known now.
    }
    return [...depths];
  }

  private async askOn(model: ChannelModel, depths: QueueDepth[], deadline: Deadline): Promise<void> {
    let channel: Channel | undefined;
    for (const queue of this.queues()) {
      if (deadline.expired) break;
      channel ??= await opened(model);
      try {
        const { messageCount } = await channel.checkQueue(queue);
        depths.push({ queue, messages: messageCount });
      } catch {
        channel = undefined;
      }
    }
    await channel?.close();
  }
}

async function opened(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  return channel;
}
