import type { ChannelModel } from 'amqplib';
import { newScope } from '../../../core/async-scope.js';
import type { Deadline } from '../../../core/deadline.js';
import { ServerListenError, toError } from '../../../core/errors.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { DriverContext } from '../../driver-context.js';
import type { RabbitConnection } from '../connection/connection.js';
import { DeclareAgain, DeclareRefused, type Declarer } from '../topology/declarer.js';
import { Attachment } from './attachment.js';
import { ConsumedQueue } from './consumed-queue.js';
import type { ConsumedStream } from './consumed-stream.js';
import { ConsumerLog } from './consumer-log.js';
import type { ConsumingChannel, Reader } from './consuming-channel.js';
import type { ConsumingChannels } from './consuming-channels.js';
import { Delivering } from './delivering.js';
import { QueueCheck } from './queue-check.js';
import type { Reading } from './reading.js';
import { ReattachBackoff } from './reattach-backoff.js';
import { StartCallers } from './start-callers.js';
import { StreamResume } from './stream-resume.js';
import { next, type SubscriptionEvent, type SubscriptionState } from './subscription-state.js';
import type { Inspected, Upkeep } from './upkeep.js';

/** Delay before the queues are tried again that the broker refuses, in milliseconds. */
const RETRY_DELAY_MS = 1000;

/** Time for the broker to answer while a consumer stops, in milliseconds: the connection may have stalled. */
const CLOSE_TIMEOUT_MS = 1000;

/** Consumer of a set of queues on one channel. Attaches again after the loss of the channel, a queue or a consumer. */
export class Consumer implements Reader, Inspected {
  /** Called on attach and on detach, and with the error when attaching failed. */
  onChange: (error?: Error) => void = () => undefined;
  private state: SubscriptionState = { name: 'idle' };
  /** True after the first attach. */
  private attachedBefore = false;
  private readonly rabbit: RabbitSettings;
  private readonly queues: readonly ConsumedQueue[];
  private readonly attachment: Attachment;
  private readonly delivering: Delivering;
  private readonly reattachBackoff = new ReattachBackoff();
  private readonly queueCheck: QueueCheck;
  private readonly streamResume = new StreamResume();
  private readonly callers = new StartCallers();
  private readonly log: ConsumerLog;
  /** Runs while the state is `waiting`. */
  private timer: NodeJS.Timeout | undefined;
  /** The attempt to attach that is in progress. */
  private attempt: Promise<void> | undefined;
  private readonly unsubscribes: (() => void)[] = [];

  constructor(
    private readonly connection: RabbitConnection,
    context: DriverContext,
    declarer: Declarer,
    channels: ConsumingChannels,
    reading: Reading,
    upkeep: Upkeep,
  ) {
    this.rabbit = context.settings.rabbit;
    this.queues = reading.queues.map((queue) => new ConsumedQueue(queue));
    this.delivering = new Delivering(context, reading.onMessage, (...stream) => this.restartStream(...stream));
    const ports = {
      channels,
      declarer,
      reconnectDelay: this.rabbit.reconnectDelay,
      isWanted: () => this.state.name === 'attaching',
      isCurrent: (model: ChannelModel) => connection.current === model,
      lastError: () => connection.lastError,
    };
    this.attachment = new Attachment(this, this.queues, reading, ports, {
      delivered: (raw, queue, channel) => this.delivering.deliver(raw, queue, channel),
      cancelled: (queue, channel, revoked) => this.cancelled(queue, channel, revoked),
    });
    this.log = new ConsumerLog(context);
    this.queueCheck = new QueueCheck(() => this.inspect());
    this.unsubscribes.push(
      upkeep.add(this),
      connection.onConnected(() => this.dispatch({ type: 'connected', delay: this.reattachBackoff.delay })),
      // Otherwise callers and timers would wait for a connection that never comes.
      connection.onStatus((status) => status === 'closed' && void this.cancel()),
    );
  }

  /** True while the broker delivers from all queues. */
  get attached(): boolean {
    return this.state.name === 'attached';
  }

  /** Names of the queues, in the order given. A number in a name is known after the first attach. */
  get names(): string[] {
    return this.queues.map(({ name }) => name);
  }

  /**
   * Resolves when every queue is attached.
   * @throws ServerListenError when attaching fails, MessageDeliveryFailure when the broker cannot be reached
   */
  async start(deadline: Deadline, retry?: number): Promise<void> {
    await this.connection.acquire(deadline, retry);
    if (this.attached) return;
    await this.callers.wait((attached) => {
      // The timers of the consumer outlive the request that needs it first, and its async context.
      newScope().runInAsyncScope(this.dispatch, this, { type: 'needed' });
      if (this.isEnding) throw this.stopped();
      return deadline.race(attached, () => new ServerListenError('The queues were not attached in time'));
    });
  }

  /** Stops the flow of messages. Delivered messages can still be acknowledged. */
  async cancel(): Promise<void> {
    this.dispatch({ type: 'cancel' });
    for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
    this.queueCheck.stop();
    this.streamResume.stop();
    this.attachment.endSurveys();
    this.callers.reject(this.stopped());
    if (this.attempt) await settleWithin(this.attempt, CLOSE_TIMEOUT_MS);
    const { channel } = this.attachment;
    if (channel) await settleWithin(channel.cancel(this), CLOSE_TIMEOUT_MS);
  }

  /** Deletes temporary queues and leaves the channel. The broker requeues all messages that were not acknowledged. */
  async close(): Promise<void> {
    this.dispatch({ type: 'close' });
    await settleWithin(this.attachment.release(), CLOSE_TIMEOUT_MS);
  }

  /** Handles the end of a channel. @param late true where this consumer has held a delivery for longer than the broker allows */
  ended(channel: ConsumingChannel, late: boolean): void {
    if (this.attachment.channel !== channel) return;
    this.attachment.ended(late);
    this.detach();
  }

  /** Checks at the broker that all queues, consumers and exchanges exist, and repairs them. Rejects when the check fails. */
  async inspect(): Promise<void> {
    const { channel } = this.attachment;
    const isAttached = () => this.attached;
    await this.attachment.inspect(isAttached, (missing) => {
      this.log.missing(missing);
      if (!missing.mended) this.reattach(channel);
    });
  }

  private get isEnding(): boolean {
    return this.state.name === 'stopping' || this.state.name === 'closed';
  }

  /** Changes the state, and runs the actions of the new one. Returns false where the event has no meaning. */
  private dispatch(event: SubscriptionEvent): boolean {
    const before = this.state;
    const state = next(before, event);
    if (state === before) return false;
    this.state = state;
    clearTimeout(this.timer);
    if (state.name === 'waiting' && state.delay !== undefined)
      // Without a connection, the next one ends the wait.
      this.timer = setTimeout(() => this.connection.current && this.dispatch({ type: 'timer' }), state.delay);
    if (state.name === 'attaching' && before.name !== 'attaching') this.attempt = this.attach();
    return true;
  }

  private async attach(): Promise<void> {
    const { current: model } = this.connection;
    try {
      if (!model) throw new Error('There is no connection to the broker');
      await this.attachment.open(model);
      await this.consumed();
    } catch (thrown) {
      this.refused(model, thrown);
    }
    if (this.state.name === 'closed') await this.attachment.release().catch(() => undefined);
  }

  private async consumed(): Promise<void> {
    this.dispatch({ type: 'consumed', delay: this.rabbit.reconnectDelay });
    const { channel } = this.attachment;
    if (!this.attached) {
      // While it stops, messages that were delivered in the meantime can still be settled.
      if (channel) await (this.isEnding ? channel.cancel(this) : this.attachment.withdraw(channel));
      return;
    }
    this.attachment.needsOwnChannel = false;
    this.log.attached();
    this.reattachBackoff.reset();
    if (this.attachedBefore) this.queueCheck.start();
    this.attachedBefore = true;
    for (const { stream, name } of this.queues)
      if (stream)
        this.streamResume.watch(stream, () => this.attachment.channel === channel && this.restartStream(stream, name));
    this.callers.resolve();
    this.onChange();
  }

  private refused(model: ChannelModel | undefined, thrown: unknown): void {
    const { current, lastError } = this.connection;
    if (thrown instanceof DeclareAgain) {
      this.dispatch({ type: 'refused', delay: current && thrown.delay, final: false });
      return;
    }
    const isConnected = current !== undefined && current === model;
    const isRefused = isConnected || thrown instanceof DeclareRefused;
    // A channel that ends with its connection does not know the reason, unless it was refused.
    const cause = isRefused ? toError(thrown) : (lastError ?? toError(thrown));
    if (!isConnected) this.reattachBackoff.grow(lastError);
    const delay = isConnected ? RETRY_DELAY_MS : this.reattachBackoff.delay;
    if (!this.dispatch({ type: 'refused', delay: current && delay, final: true })) return;
    const error = new ServerListenError(cause.message, { cause });
    if (isRefused && this.callers.size === 0) this.log.refused(this.names, cause, delay);
    this.callers.reject(error);
    // The connection reports its own outage.
    this.onChange(isRefused ? error : undefined);
  }

  private stopped(): ServerListenError {
    const { lastError: cause, status } = this.connection;
    const message = status === 'closed' ? 'The transport was closed' : 'The consumer was stopped';
    return new ServerListenError(message, { cause });
  }

  /** Handles the loss of a channel, a queue or a consumer. */
  private detach(): void {
    this.streamResume.stop();
    this.queueCheck.stop();
    const { attached, rabbit } = this;
    this.dispatch({ type: 'lost', delay: rabbit.reconnectDelay + Math.random() * rabbit.reconnectSplay });
    if (attached && !this.attached) this.onChange();
  }

  /** Declares all queues again and consumes from them anew. */
  private reattach(channel: ConsumingChannel | undefined): void {
    if (this.isEnding) return;
    this.detach();
    if (channel) void this.attachment.withdraw(channel);
  }

  private restartStream(stream: ConsumedStream, name: string, channel = this.attachment.channel): void {
    stream.dispatch({ type: 'replaced' });
    this.log.newStream(name);
    this.reattach(channel);
  }

  private cancelled(queue: ConsumedQueue, channel: ConsumingChannel, revoked: number): void {
    // The broker cancels the consumer of a deleted queue even while it stops.
    if (this.isEnding) return;
    this.log.cancelled(queue.name, revoked);
    this.reattach(channel);
  }
}
