import type { Channel, ChannelModel } from 'amqplib';
import { Deadline } from '../../../core/deadline.js';
import { DeclareAgain, DeclareRefused, type Declarer } from '../topology/declarer.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import type { ConsumedQueue, Missing } from './consumed-queue.js';
import type { ConsumedStream } from './consumed-stream.js';
import { type ConsumingChannel, type Consumption, isRefusedConsume, type Reader } from './consuming-channel.js';
import type { ConsumingChannels } from './consuming-channels.js';
import type { Reading } from './reading.js';
import { StreamSurvey } from './stream-survey.js';
import { AnswerWait, Unanswered } from './unanswered.js';

/** Events of the consumers that an attachment has started. */
export interface AttachmentEvents {
  delivered(raw: RawDelivery, queue: ConsumedQueue, channel: ConsumingChannel): void;
  /** Called when the broker has cancelled a consumer. @param revoked number of unacknowledged messages that it had */
  cancelled(queue: ConsumedQueue, channel: ConsumingChannel, revoked: number): void;
}

/** Parts of the driver that an attachment uses. */
export interface AttachmentPorts {
  readonly channels: ConsumingChannels;
  readonly declarer: Declarer;
  /** Pause before another attempt on a new channel, in milliseconds. */
  readonly reconnectDelay: number;
  /** Returns false as soon as the attempt in progress is of no more use. */
  isWanted(): boolean;
  /** Returns false for a connection that is lost. */
  isCurrent(model: ChannelModel): boolean;
  /** Returns the reason for the last loss of the connection. */
  lastError(): Error | undefined;
}

/**
 * Time in milliseconds after which consumers that the broker has not confirmed are started on another channel. A channel
 * that starts one on a quorum queue without a leader may wait for half a minute, also after there is one.
 */
const STUCK_MS = 3000;

/** Channel on which the queues of one consumer are declared and consumed from. */
export class Attachment {
  /** Channel of the current consumers, or of the messages that can still be settled. */
  channel: ConsumingChannel | undefined;
  /** True where this consumer has caused the loss of a shared channel, until it is attached again. */
  needsOwnChannel = false;
  private readonly consumerStart = new AnswerWait();
  /** Number of attempts. */
  private turn = 0;

  constructor(
    private readonly reader: Reader,
    private readonly queues: readonly ConsumedQueue[],
    private readonly reading: Reading,
    private readonly ports: AttachmentPorts,
    private readonly events: AttachmentEvents,
  ) {}

  /**
   * Declares all queues and starts their consumers, unless the attempt becomes of no use.
   * @throws DeclareAgain where another attempt may succeed, DeclareRefused, Unanswered, or the loss of the channel
   */
  async open(model: ChannelModel): Promise<void> {
    const { attemptTimeout } = this.reading;
    if (attemptTimeout === undefined) return this.tryToOpen(model);
    const late = () => new Unanswered(`the broker did not answer within ${attemptTimeout} ms`);
    try {
      await Deadline.after(attemptTimeout).race(this.tryToOpen(model), late);
    } catch (error) {
      if (error instanceof Unanswered) this.abandon();
      throw error;
    }
  }

  /** Handles the end of the channel. @param late true where this consumer has held a delivery for longer than the broker allows */
  ended(late: boolean): void {
    this.channel = undefined;
    this.needsOwnChannel ||= late;
    this.endSurveys();
  }

  /** Ends the surveys of streams: their channel is lost, or the attempt is of no more use. */
  endSurveys(): void {
    for (const { stream } of this.queues) stream?.endSurvey();
  }

  /** Gives up what a node does not answer although it answers others. */
  giveUpUnanswered(): void {
    for (const queue of this.queues) queue.giveUp();
    this.consumerStart.giveUp(STUCK_MS);
  }

  /** Stops the consumers. On a shared channel, delivered messages can still be settled. */
  async withdraw(channel: ConsumingChannel): Promise<void> {
    await (channel.shared ? channel.cancel(this.reader).catch(() => undefined) : channel.leave(this.reader));
  }

  /** Deletes temporary queues and leaves the channel. The broker requeues all messages that were not acknowledged. */
  async release(): Promise<void> {
    const { channel } = this;
    if (!channel) return;
    this.channel = undefined;
    try {
      await this.ports.channels.setup.use(channel.model, async (setup) => {
        for (const queue of this.queues) await queue.release(setup);
      });
    } finally {
      await channel.leave(this.reader);
    }
  }

  /**
   * Checks at the broker that all queues, consumers and exchanges exist. Rejects when the check fails.
   * @param onMissing called with each one that is missing while the attachment is in use
   */
  async inspect(isAttached: () => boolean, onMissing: (missing: Missing) => void): Promise<void> {
    const { channel, ports } = this;
    if (!channel || !isAttached()) return;
    await ports.channels.setup.use(channel.model, async (setup) => {
      for (const queue of this.queues) {
        // A missing queue has closed the channel, and all queues are declared again.
        if (!isAttached() || this.channel !== channel) return;
        const missing = await queue.missing(setup, ports.declarer);
        if (missing && isAttached() && this.channel === channel) onMissing(missing);
      }
    });
  }

  /** Returns the offset of the last message of a stream; undefined where none is found. Rejects when the channel is lost. */
  async lastOffset(stream: ConsumedStream, queue: string): Promise<number | undefined> {
    if (!this.channel) return undefined;
    return new StreamSurvey(this.channel, stream).run({ queue, prefetch: this.reading.prefetch }, 0);
  }

  private async tryToOpen(model: ChannelModel): Promise<void> {
    const before = this.ports.lastError();
    const turn = ++this.turn;
    try {
      const channel = await this.join(model);
      if (turn !== this.turn) {
        await channel.leave(this.reader);
        throw this.again('The attempt was abandoned');
      }
      this.channel = channel;
      await this.attach(channel);
    } catch (error) {
      throw this.isOutOfChannels(error, before) ? this.outOfChannels(error) : error;
    }
  }

  /** Leaves the channel of an attempt that the broker does not answer. The attempt has no effect any more. */
  private abandon(): void {
    const { channel } = this;
    this.turn++;
    this.channel = undefined;
    this.endSurveys();
    // The broker may not answer this either.
    if (channel) void channel.leave(this.reader);
  }

  private async join(model: ChannelModel): Promise<ConsumingChannel> {
    // Messages that were delivered on a shared channel can still be settled there.
    if (this.channel?.shared && this.channel.open) return this.channel;
    const { channels } = this.ports;
    if (this.reading.prompt && !this.needsOwnChannel) return channels.share(this.reader, model);
    return channels.own(this.reader, model, Math.min(...this.queues.map(({ gathering }) => gathering)));
  }

  private async attach(channel: ConsumingChannel): Promise<void> {
    const { isWanted, channels } = this.ports;
    try {
      // Ends the consumers of the attempt before on the same channel.
      await channel.cancel(this.reader);
      await channels.setup.use(channel.model, (setup) => this.declare(setup));
      const start = () => Promise.all(this.distinct.map((queue) => this.consume(channel, queue)));
      if (isWanted()) await this.consumerStart.for(start());
    } catch (error) {
      if (error instanceof Unanswered) {
        this.needsOwnChannel = true;
        this.abandon();
        throw this.again('The broker does not answer', error);
      }
      await this.withdraw(channel);
      throw this.classifyClose(channel, error);
    }
  }

  private async declare(setup: Channel): Promise<void> {
    for (const queue of this.queues) {
      // The wait for a declaring channel may have been long.
      if (!this.ports.isWanted()) return;
      await queue.declare(setup, this.ports.declarer);
    }
  }

  /** Queues by name: a queue is listed once for each of its bindings, and consumed from once. */
  private get distinct(): ConsumedQueue[] {
    return [...new Map(this.queues.map((queue) => [queue.name, queue])).values()];
  }

  private async consume(channel: ConsumingChannel, queue: ConsumedQueue): Promise<void> {
    const { name, options } = queue;
    queue.stream?.starting();
    const { prefetch } = this.reading;
    await channel.consume(
      this.reader,
      { queue: name, options, prefetch },
      {
        delivered: (raw) => this.events.delivered(raw, queue, channel),
        cancelled: (revoked) => this.events.cancelled(queue, channel, revoked),
      },
    );
    if (queue.stream) await this.follow(channel, queue.stream, { queue: name, prefetch });
  }

  /** Resolves when a stream delivers all that is published from now on, and can be resumed. */
  private async follow(
    channel: ConsumingChannel,
    stream: ConsumedStream,
    consumption: Pick<Consumption, 'queue' | 'prefetch'>,
  ): Promise<void> {
    const began = performance.now();
    await channel.awaitStart();
    if (!stream.isUnknown) return;
    await new StreamSurvey(channel, stream).run(consumption, performance.now() - began);
    // A channel that was lost meanwhile has delivered nothing, and proves nothing.
    if (!channel.open) throw this.again('The channel was closed');
  }

  /** Returns the error of an attempt. The broker may have closed a shared channel because of another consumer. */
  private classifyClose(channel: ConsumingChannel, error: unknown): unknown {
    const isLost = channel.shared && !channel.open && this.ports.isCurrent(channel.model);
    if (!isLost || error instanceof DeclareRefused) return error;
    if (!isRefusedConsume(error)) return this.again('The channel was closed', error);
    // There are too few channels for one of its own.
    if (this.needsOwnChannel || !this.reading.prompt) return error;
    this.needsOwnChannel = true;
    return new DeclareAgain('The broker refuses the consumer on a shared channel', error);
  }

  /**
   * Returns true where the broker has refused a channel too many. It closes the connection for this, perhaps a little
   * later. The next connection has free channels.
   * @param before reason for an earlier loss of the connection, which is no reason for this failure
   */
  private isOutOfChannels(error: unknown, before: Error | undefined): boolean {
    const lastError = this.ports.lastError();
    return this.ports.channels.budget.learn(error, lastError === before ? undefined : lastError);
  }

  private outOfChannels(error: unknown): Error {
    const { shortage } = this.ports.channels.budget;
    if (shortage === undefined) return this.again('There are too many channels', error);
    return new DeclareRefused({ fault: shortage }, { cause: error });
  }

  private again(message: string, cause?: unknown): DeclareAgain {
    return new DeclareAgain(message, cause, this.ports.reconnectDelay);
  }
}
