import { type Deadline, newReplyQueueName, type RabbitConnection, toError } from '../../internal.js';

type Model = Awaited<ReturnType<RabbitConnection['acquire']>>;
type Channel = Awaited<ReturnType<Model['createChannel']>>;

/** Value that no number of AMQP can have. The broker checks permissions first, and then refuses it. */
const IMPOSSIBLE = 'doctor';

/** Words of the broker for a missing permission. */
const DENIED = /ACCESS_REFUSED - ([^"]*)/;

/**
 * Operations that the broker refuses in any case, after it has checked the permissions for them. No message is published, no
 * queue is declared and no consumer is added.
 */
export class RefusalProbe {
  constructor(
    private readonly connection: RabbitConnection,
    private readonly deadline: Deadline,
  ) {}

  /** Resolves when the broker has read a message for a queue that does not exist, which it returns. */
  async read(): Promise<void> {
    await this.attempt((channel, refused) => {
      const returned = new Promise((resolve) => {
        channel.once('return', resolve);
      });
      channel.publish('', newReplyQueueName(), Buffer.alloc(0), { mandatory: true });
      return Promise.race([returned, refused]);
    });
  }

  /** Resolves with the words of a refusal to publish; with undefined where it is permitted, or there is no exchange. */
  publish(exchange: string, key: string): Promise<string | undefined> {
    return this.attempt((channel, refused) => {
      channel.publish(exchange, key, Buffer.alloc(0), { expiration: IMPOSSIBLE, userId: IMPOSSIBLE });
      return refused;
    });
  }

  /** Resolves with the words of a refusal to declare a queue; with undefined where it is permitted. */
  declareQueue(name: string): Promise<string | undefined> {
    return this.attempt((channel) => channel.assertQueue(name, { arguments: { 'x-expires': IMPOSSIBLE } }));
  }

  /** Resolves with the words of a refusal to declare an exchange; with undefined where it is permitted. */
  declareExchange(name: string): Promise<string | undefined> {
    return this.attempt((channel) => channel.assertExchange(name, 'topic', { arguments: { 'alternate-exchange': 1 } }));
  }

  /** Resolves with the words of a refusal to consume; with undefined where it is permitted, or there is no queue. */
  consume(queue: string): Promise<string | undefined> {
    return this.attempt((channel) =>
      channel.consume(queue, () => undefined, { arguments: { 'x-priority': IMPOSSIBLE } }),
    );
  }

  /**
   * Declares a reply queue, reads from it and deletes it, as each caller does. Resolves with the words of a refusal.
   */
  async replyQueue(): Promise<string | undefined> {
    const name = newReplyQueueName();
    return this.attempt(async (channel) => {
      await channel.assertQueue(name, { exclusive: true, durable: false });
      try {
        await channel.get(name);
      } finally {
        await channel.deleteQueue(name).catch(() => undefined);
      }
    });
  }

  /** Runs an operation on a channel of its own, because the broker closes the channel with each refusal. */
  private async attempt(
    work: (channel: Channel, refused: Promise<never>) => PromiseLike<unknown>,
  ): Promise<string | undefined> {
    const model = await this.connection.acquire(this.deadline, 0);
    const channel = await model.createChannel();
    let isOpen = true;
    const refused = new Promise<never>((_, reject) => {
      channel.on('error', reject).on('close', () => {
        isOpen = false;
        reject(new Error('the channel was closed'));
      });
    });
    // Also where the operation itself has failed.
    refused.catch(() => undefined);
    try {
      await this.deadline.race(Promise.race([work(channel, refused), refused]), () => new Error('no answer in time'));
      return undefined;
    } catch (error) {
      const { message } = toError(error);
      return DENIED.exec(message)?.[1] ?? undefined;
    } finally {
      if (isOpen) void channel.close().catch(() => undefined);
    }
  }
}
