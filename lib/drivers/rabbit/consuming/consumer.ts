import { setMaxListeners } from 'node:events';
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
import { ConsumedQueue, type Missing } from './consumed-queue.js';
import type { ConsumedStream } from './consumed-stream.js';
import { ConsumerLog, type Refusal } from './consumer-log.js';
import type { ConsumingChannel, LateDelivery, Reader } from './consuming-channel.js';
import type { ConsumingChannels } from './consuming-channels.js';
import { Delivering } from './delivering.js';
import { QueueCheck } from './queue-check.js';
import type { Reading } from './reading.js';
import { ReattachBackoff } from './reattach-backoff.js';
import { StartCallers } from './start-callers.js';
import { Subscription } from './subscription.js';
import { QueueReplaced } from './temporary-name.js';
import type { Inspected, Upkeep } from './upkeep.js';

/** Delay before the queues are tried again that the broker refuses, in milliseconds. */
const RETRY_DELAY_MS = 1000;

/** Time for the broker to answer while a consumer stops, in milliseconds: the connection may have stalled. */
const CLOSE_TIMEOUT_MS = 1000;

/** Consumer of a set of queues on one channel. Attaches again after the loss of the channel, a queue or a consumer. */
export class Consumer implements Reader, Inspected {
  /** Called on attach and on detach, and with the error when attaching failed. */
  onChange: (error?: Error) => void = () => undefined;
  /** Called on each attach, before {@link onChange}. */
  onAttach: () => void = () => undefined;
  protected readonly subscription: Subscription;
  private readonly rabbit: RabbitSettings;
  protected readonly queues: readonly ConsumedQueue[];
  protected readonly attachment: Attachment;
  private readonly delivering: Delivering;
  private readonly reattachBackoff = new ReattachBackoff();
  private readonly queueCheck: QueueCheck;
  private readonly callers = new StartCallers();
  /** Aborted when no more messages are wanted. */
  private readonly ending = new AbortController();
  protected readonly log: ConsumerLog;
  /** The attempt to attach that is in progress. */
  private attempt: Promise<void> | undefined;
  private readonly unsubscribes: (() => void)[] = [];

  constructor(
    protected readonly connection: RabbitConnection,
    context: DriverContext,
    declarer: Declarer,
    channels: ConsumingChannels,
    reading: Reading,
    upkeep: Upkeep,
  ) {
    // Any number of calls may wait for the reply queue at the same time.
    setMaxListeners(0, this.ending.signal);
    this.rabbit = context.settings.rabbit;
    this.queues = reading.queues.map((queue) => new ConsumedQueue(queue));
    this.subscription = new Subscription(
      () => connection.current !== undefined,
      () => {
        this.attempt = this.attach();
      },
    );
    this.delivering = new Delivering(context, reading.onMessage, (...stream) => this.replaced(...stream));
    const ports = {
      channels,
      declarer,
      reconnectDelay: this.rabbit.reconnectDelay,
      isWanted: () => this.subscription.name === 'attaching',
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
      connection.onConnected(() => this.subscription.dispatch({ type: 'connected', delay: this.delayAfter(false) })),
      // Otherwise callers and timers would wait for a connection that never comes.
      connection.onStatus((status) => status === 'closed' && void this.cancel()),
    );
  }

  /** True while the broker delivers from all queues. */
  get attached(): boolean {
    return this.subscription.name === 'attached';
  }

  /** Status of a transport whose connections are up, because of these queues. */
  get status(): 'connecting' | 'degraded' | 'connected' {
    return this.attached ? 'connected' : 'connecting';
  }

  /** Names of the queues, in the order given. A number in a name is known after the first attach. */
  get names(): string[] {
    return this.queues.map(({ name }) => name);
  }

  /**
   * Resolves when every queue is attached.
   * @throws ServerListenError when attaching fails or is cancelled, MessageDeliveryFailure when the broker cannot be reached
   */
  async start(deadline: Deadline, retry?: number): Promise<void> {
    await this.connection.acquire(deadline, retry, this.ending.signal);
    if (this.attached) return;
    await this.callers.wait((attached) => {
      // The timers of the consumer outlive the request that needs it first, and its async context.
      newScope().runInAsyncScope(() => this.subscription.dispatch({ type: 'needed' }));
      if (this.subscription.isEnding) throw this.stopped();
      return deadline.race(attached, () => this.late());
    });
  }

  /** Stops the flow of messages, or a start. Delivered messages can still be acknowledged. */
  async cancel(): Promise<void> {
    this.subscription.dispatch({ type: 'cancel' });
    this.ending.abort(this.stopped());
    for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
    this.queueCheck.stop();
    this.attachment.endSurveys();
    this.callers.reject(this.stopped());
    if (this.attempt) await settleWithin(this.attempt, CLOSE_TIMEOUT_MS);
    const { channel } = this.attachment;
    if (channel) await settleWithin(channel.cancel(this), CLOSE_TIMEOUT_MS);
  }

  /** Deletes temporary queues and leaves the channel. The broker requeues all messages that were not acknowledged. */
  async close(): Promise<void> {
    this.subscription.dispatch({ type: 'close' });
    await settleWithin(this.attachment.release(), CLOSE_TIMEOUT_MS);
  }

  ended(channel: ConsumingChannel, late: LateDelivery | undefined): void {
    if (this.attachment.channel !== channel) return;
    this.attachment.ended(late !== undefined);
    if (late) this.log.late(late);
    this.detach();
  }

  /** Checks at the broker that all queues, consumers and exchanges exist, and repairs them. Rejects when the check fails. */
  async inspect(): Promise<void> {
    const { channel } = this.attachment;
    const onMissing = (missing: Missing) => {
      this.log.missing(missing);
      if (!missing.mended) this.reattach(channel);
    };
    await this.connection.doubt.over(this.attachment.inspect(() => this.attached, onMissing));
  }

  private async attach(): Promise<void> {
    const { current: model } = this.connection;
    try {
      if (!model) throw new Error('There is no connection to the broker');
      await this.connection.doubt.over(this.attachment.open(model), () => this.attachment.giveUpUnanswered());
      await this.consumed();
    } catch (thrown) {
      this.refused(model, thrown);
    }
    if (this.subscription.name === 'closed') await this.attachment.release().catch(() => undefined);
  }

  private async consumed(): Promise<void> {
    this.subscription.dispatch({ type: 'consumed', delay: this.rabbit.reconnectDelay });
    const { channel } = this.attachment;
    if (!this.attached) {
      // While it stops, messages that were delivered in the meantime can still be settled.
      if (channel) await (this.subscription.isEnding ? channel.cancel(this) : this.attachment.withdraw(channel));
      return;
    }
    this.attachment.needsOwnChannel = false;
    this.log.attached();
    this.reattachBackoff.reset();
    this.queueCheck.start();
    this.callers.resolve();
    this.changed(true);
    this.onAttach();
    this.onChange();
  }

  private refused(model: ChannelModel | undefined, thrown: unknown): void {
    const { current, lastError } = this.connection;
    if (thrown instanceof DeclareAgain) {
      if (thrown instanceof QueueReplaced) this.log.replaced(thrown);
      this.subscription.dispatch({ type: 'refused', delay: current && thrown.delay, final: false });
      return;
    }
    const isConnected = current !== undefined && current === model;
    const refused = isConnected || thrown instanceof DeclareRefused;
    // A channel that ends with its connection does not know the reason, unless it was refused.
    const cause = refused ? toError(thrown) : (lastError ?? toError(thrown));
    if (!isConnected) this.reattachBackoff.grow(lastError);
    const delay = this.delayAfter(isConnected);
    if (!this.subscription.dispatch({ type: 'refused', delay: current && delay, final: true })) return;
    this.failed({ cause, refused, delay });
    // The connection reports its own outage.
    this.onChange(refused ? cause : undefined);
  }

  /** Returns the milliseconds before the next attempt, after a refusal, or after the loss of the connection. */
  protected delayAfter(refusal: boolean): number {
    return refusal ? RETRY_DELAY_MS : this.reattachBackoff.delay;
  }

  /** Called on attach and on detach. */
  protected changed(_attached: boolean): void {}

  /** Reports a failed attempt, which its callers and the log must learn of. */
  protected failed(refusal: Refusal): void {
    const { cause, refused } = refusal;
    if (refused && this.callers.size === 0) this.log.refused(this.names, refusal);
    this.callers.reject(new ServerListenError(cause.message, { cause }));
  }

  private late(): ServerListenError {
    const { outage: cause } = this.connection;
    const reason = cause ? `: ${cause.message}` : '';
    return new ServerListenError(`The queues were not attached in time${reason}`, { cause });
  }

  private stopped(): ServerListenError {
    const { lastError: cause, status } = this.connection;
    return new ServerListenError(`The ${status === 'closed' ? 'transport was closed' : 'consumer was stopped'}`, {
      cause,
    });
  }

  /** Handles the loss of a channel, a queue or a consumer. */
  private detach(): void {
    this.queueCheck.stop();
    const { attached, rabbit } = this;
    this.subscription.dispatch({ type: 'lost', delay: rabbit.reconnectDelay + Math.random() * rabbit.reconnectSplay });
    if (!attached || this.attached) return;
    this.changed(false);
    this.onChange();
  }

  /** Declares all queues again and consumes from them anew. */
  protected reattach(channel: ConsumingChannel | undefined): void {
    if (this.subscription.isEnding) return;
    this.detach();
    if (channel) void this.attachment.withdraw(channel);
  }

  /** Handles a message that shows that a stream is another one than before. Such queues have consumers of their own. */
  protected replaced(_stream: ConsumedStream, _name: string, channel: ConsumingChannel): void {
    this.reattach(channel);
  }

  private cancelled(queue: ConsumedQueue, channel: ConsumingChannel, revoked: number): void {
    // The broker cancels the consumer of a deleted queue even while it stops.
    if (this.subscription.isEnding) return;
    this.log.cancelled(queue.name, revoked);
    this.reattach(channel);
  }
}
