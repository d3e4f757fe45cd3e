import { Deadline, isAbsent, type RabbitConnection } from '../internal.js';

type Model = Awaited<ReturnType<RabbitConnection['acquire']>>;
type Channel = Awaited<ReturnType<Model['createChannel']>>;

/** Messages that wait in a queue, and its consumers. */
export interface Depth {
  readonly ready: number;
  readonly consumers: number;
}

/** Number of channels that ask at the same time. */
const CHANNELS = 8;
/** Longest time to ask about several queues, in milliseconds. */
const MAX_MS = 3000;

/**
 * Depths of queues by passive declarations. They are exact, unlike those of the management API, which are up to five seconds
 * old: it shows no consumer of a server that has just started, and one of a server that has just crashed.
 */
export class QueueDepths {
  constructor(
    private readonly connection: RabbitConnection,
    private readonly deadline: Deadline,
  ) {}

  /** Resolves with the depth of a queue; with undefined where it does not exist. @throws Error where the broker refuses */
  async of(queue: string): Promise<Depth | undefined> {
    const channel = await this.open();
    const depth = await look(channel, queue);
    // The broker has closed the channel where there is no queue.
    if (depth) void channel.close().catch(() => undefined);
    return depth;
  }

  /** Resolves with the depths that the broker tells in time, in the order of the names; undefined for queues that do not exist. */
  async all(queues: readonly string[]): Promise<ReadonlyMap<string, Depth | undefined>> {
    const depths = new Map<string, Depth | undefined>();
    const time = Deadline.after(Math.min(MAX_MS, Math.max(1, this.deadline.remaining())));
    const left = queues.values();
    const ask = async () => {
      let channel: Channel | undefined;
      for (const queue of left) {
        if (time.remaining() <= 0) break;
        channel ??= await this.open();
        try {
          const depth = await look(channel, queue);
          depths.set(queue, depth);
          if (!depth) channel = undefined;
        } catch {
          // A queue that others may not look at, such as an exclusive one.
          channel = undefined;
        }
      }
      await channel?.close();
    };
    const asking = Promise.all(Array.from({ length: Math.min(CHANNELS, queues.length) }, ask));
    await time.race(asking, () => new Error('no answer in time')).catch(() => undefined);
    return new Map(depths);
  }

  private async open(): Promise<Channel> {
    const model = await this.connection.acquire(this.deadline, 0);
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    return channel;
  }
}

async function look(channel: Channel, queue: string): Promise<Depth | undefined> {
  try {
    const { messageCount: ready, consumerCount: consumers } = await channel.checkQueue(queue);
    return { ready, consumers };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
