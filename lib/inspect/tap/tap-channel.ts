import type { Channel, ChannelModel } from 'amqplib';
import { Deadline, MessageDeliveryFailure, Wire } from '../../internal.js';
import type { RawMessage } from './raw-message.js';
import type { TapBinding } from './tap-plan.js';
import { declarations, type TapQueues, tapQueues } from './tap-queues.js';
import { refusalOf } from './tap-refused.js';

/** Maximum time for an answer of the broker, in milliseconds. */
const ANSWER_MS = 5000;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;

/** Handlers of a channel. */
export interface TapChannelHandlers {
  /** Called with each message of a queue of the tap. */
  readonly received: (queue: keyof TapQueues, message: RawMessage) => void;
  /** Called once when the channel has ended by itself. */
  readonly ended: (reason: Error) => void;
}

/** Channel with the queues of a tap, and their consumers. Messages bypass amqplib, whose decoder some headers would stop. */
export class TapChannel {
  readonly queues = tapQueues();
  private open = true;
  private isStarted = false;
  private error: Error | undefined;

  /** Declares the queues and consumes from them. @throws TapRefused */
  static async on(model: ChannelModel, handlers: TapChannelHandlers): Promise<TapChannel> {
    const channel = await within(model.createChannel());
    const tap = new TapChannel(model, channel, handlers);
    try {
      await tap.start();
      tap.isStarted = true;
      return tap;
    } catch (error) {
      await tap.close();
      throw refusalOf(tap.error ?? error);
    }
  }

  private constructor(
    private readonly model: ChannelModel,
    private readonly channel: Channel,
    private readonly handlers: TapChannelHandlers,
  ) {
    channel.on('error', (error) => {
      this.error = error;
    });
    channel.once('close', () => this.end(this.error ?? new Error('the connection was lost')));
  }

  /** Binds the queue of messages. @throws TapRefused */
  async bind(exchange: string, key: string): Promise<void> {
    await this.ask(this.channel.bindQueue(this.queues.messages, exchange, key));
  }

  /** Binds the queue of messages to exchanges that may be missing. Returns the bindings to those that exist. @throws TapRefused */
  async bindExisting(bindings: readonly TapBinding[]): Promise<TapBinding[]> {
    let left = bindings;
    const bound: TapBinding[] = [];
    while (left.length > 0) {
      // A missing exchange closes the channel.
      await this.lend(async (channel) => {
        for (const binding of left) {
          left = left.slice(1);
          await within(channel.bindQueue(this.queues.messages, binding.exchange, binding.key));
          bound.push(binding);
        }
      });
    }
    return bound;
  }

  /** Returns the number of consumers of a queue of somebody; undefined where it does not exist. @throws TapRefused */
  async consumersOf(queue: string): Promise<number | undefined> {
    try {
      return await this.lend(async (channel) => (await within(channel.checkQueue(queue))).consumerCount);
    } catch (error) {
      // The queue of another connection alone.
      if (codeOf(error) === RESOURCE_LOCKED) return 0;
      throw error;
    }
  }

  async unbind(exchange: string, key: string): Promise<void> {
    await this.ask(this.channel.unbindQueue(this.queues.messages, exchange, key));
  }

  /** Deletes the queue of messages, with its bindings. Nothing is reported from then on. */
  async deleteMessages(): Promise<void> {
    this.isStarted = false;
    await this.ask(this.channel.deleteQueue(this.queues.messages));
  }

  /** Publishes a text to a queue of the tap. */
  send(queue: keyof TapQueues, text: string): void {
    if (this.open) this.channel.publish('', this.queues[queue], Buffer.from(text));
  }

  /** Closes the channel, and reports nothing any more. */
  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await closeQuietly(this.channel);
  }

  private async start(): Promise<void> {
    const { channel, queues, handlers } = this;
    const wire = Wire.of(this.model);
    if (!wire) throw new MessageDeliveryFailure('This release of amqplib is not known to the tap');
    const names = Object.keys(queues) as (keyof TapQueues)[];
    let [exchange, routingKey] = ['', ''];
    wire.attach(channel, {
      routed: (from, key) => {
        exchange = from;
        routingKey = key;
      },
      delivered: (tag, { properties, body }) => {
        const queue = names.find((name) => name === tag);
        if (queue && this.open) handlers.received(queue, { exchange, routingKey, properties, body });
      },
      cancelled: () => this.end(new Error('the queue of the tap was deleted')),
    });
    for (const [name, options] of declarations(queues)) await within(channel.assertQueue(name, options));
    for (const name of names)
      await within(channel.consume(queues[name], () => undefined, { noAck: true, exclusive: true, consumerTag: name }));
  }

  /** Works on a channel of its own. Returns undefined where a queue or exchange is missing. @throws TapRefused */
  private async lend<T>(work: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    const channel = await within(this.model.createChannel());
    let refusal: Error | undefined;
    channel.on('error', (error) => {
      refusal = error;
    });
    try {
      return await work(channel);
    } catch (error) {
      if (codeOf(refusal ?? error) === NOT_FOUND) return undefined;
      throw refusalOf(refusal ?? error);
    } finally {
      await closeQuietly(channel);
    }
  }

  private async ask(answer: Promise<unknown>): Promise<void> {
    try {
      await within(answer);
    } catch (error) {
      throw refusalOf(this.error ?? error);
    }
  }

  private end(reason: Error): void {
    if (!this.open) return;
    this.open = false;
    void closeQuietly(this.channel);
    if (this.isStarted) this.handlers.ended(reason);
  }
}

/** Closes a channel that may be closed already, for which amqplib throws. */
async function closeQuietly(channel: Channel): Promise<void> {
  try {
    await within(channel.close());
  } catch {
    // Nothing is left to close.
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined;
}

function within<T>(answer: Promise<T>): Promise<T> {
  const late = () => new MessageDeliveryFailure(`The broker did not answer the tap within ${ANSWER_MS / 1000} s`);
  return Deadline.after(ANSWER_MS).race(answer, late);
}
