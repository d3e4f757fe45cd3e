import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import { Deadline } from '../../../core/deadline.js';
import { ClientSendError, MessageDeliveryFailure, toError } from '../../../core/errors.js';
import { INTERNAL_ERROR, replyCodeOf } from '../connection/reply-code.js';
import { DeclareRefused } from '../topology/declarer.js';
import type { ConsumedStream } from './consumed-stream.js';
import { Consumer } from './consumer.js';
import type { Refusal } from './consumer-log.js';
import type { ConsumingChannel } from './consuming-channel.js';
import { StreamResume } from './stream-resume.js';
import { Unanswered } from './unanswered.js';

/** Delays before a stream is tried again that cannot be read. Random, so that not all servers come at once. */
const BACKOFF: Backoff = { first: 1000, growth: 'doubling', cap: 10_000, jitter: 0.25 };

/**
 * Time for an attempt, in milliseconds. While the streams of a cluster have no majority, RabbitMQ does not answer. After
 * 30 s it closes the whole connection.
 */
export const ATTEMPT_TIMEOUT_MS = 10_000;

/** Time for the start of a server to wait for its stream, in milliseconds: to connect, and an attempt. */
const START_TIMEOUT_MS = 12_000;

/** Maximum time without the stream that is not worth a log line, in milliseconds. */
const SHORT_MS = 1000;

const SECOND_MS = 1000;

/** Refusal by a node without a running replica of the stream. It has the code of a permanent refusal. */
const NO_REPLICA = /does not have a (running )?replica on the local node/;
/** Reply codes of refusals that stay: no permission, exclusive to another connection, wrong arguments. */
const PERMANENT: readonly unknown[] = [403, 405, 406];

/** Leaves the host of the connection. @param unanswered true where the host has not answered at all */
export type LeaveHost = (reason: Error, unanswered: boolean) => void;

/**
 * Consumer of the fanout stream of a server. The server works without it: a stream that cannot be read for now is tried
 * again, and is no failure of the start.
 */
export class StreamConsumer extends Consumer {
  /** Leaves the host for another one, where that may help. */
  leaveHost: LeaveHost = () => undefined;
  /** Called when it is closed. */
  onClose: () => void = () => undefined;
  private readonly resume = new StreamResume();
  /** Failed attempts since the stream was attached. */
  private failures = 0;
  /** Time since which the stream is not read, on the monotonic clock. */
  private missingSince: number | undefined;
  /** True when the server works, with or without the stream. */
  private begun = false;
  private onUnreadable: () => void = () => undefined;
  private restart: NodeJS.Timeout | undefined;
  /** Offset of a message that was not delivered at the time of the last check. */
  private overdue: number | undefined;

  override get status(): 'connecting' | 'degraded' | 'connected' {
    if (this.attached) return 'connected';
    return this.begun ? 'degraded' : 'connecting';
  }

  /**
   * Resolves when the stream is attached, or when the server has to work without it for now.
   * @throws ServerListenError for a refusal that is permanent
   */
  async begin(): Promise<void> {
    const unreadable = new Promise<void>((resolve) => {
      this.onUnreadable = resolve;
    });
    const late = () => new Unanswered(`it was not attached within ${START_TIMEOUT_MS} ms`);
    try {
      await Deadline.after(START_TIMEOUT_MS).race(Promise.race([this.startPatiently(), unreadable]), late);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.unreadable({ cause: this.connection.outage ?? error, refused: false, delay: this.delayAfter(true) });
    }
    if (!this.attached) await this.beginWithout();
    this.begun = true;
    this.onChange();
  }

  /**
   * Checks the flow of messages, too. RabbitMQ 3.10 does not tell the consumer of a stream that the replica on its node is
   * gone, or is another one than before. Without a replica, the check closes the channel.
   */
  override async inspect(): Promise<void> {
    await super.inspect();
    for (const { stream, name } of this.queues) if (stream && this.attached) await this.inspectFlow(stream, name);
  }

  override async cancel(): Promise<void> {
    clearTimeout(this.restart);
    // On a closed connection, the base class calls it before there are fields.
    this.resume?.stop();
    await super.cancel();
  }

  override async close(): Promise<void> {
    this.onClose();
    await super.close();
  }

  protected override delayAfter(refusal: boolean): number {
    const lost = super.delayAfter(false);
    return refusal || this.failures > 0 ? Math.max(lost, backoffDelay(BACKOFF, this.failures)) : lost;
  }

  protected override failed(refusal: Refusal): void {
    const { cause } = refusal;
    // The connection reports its own outage, and the next one ends the wait.
    if (!refusal.refused) return;
    if (isPermanent(cause) && !this.begun) {
      super.failed(refusal);
      return;
    }
    this.unreadable(refusal);
    if (!isPermanent(cause)) this.leaveHost(cause, cause instanceof Unanswered);
  }

  protected override changed(attached: boolean): void {
    this.resume.stop();
    const now = performance.now();
    if (!attached) {
      this.missingSince = now;
      return;
    }
    const { channel } = this.attachment;
    const missing = now - (this.missingSince ?? now);
    for (const { stream, name } of this.queues) {
      if (this.failures > 0 || missing > SHORT_MS) this.log.readable(name, missing);
      if (stream && channel) this.resume.watch(stream, () => this.replaced(stream, name, channel));
    }
    this.failures = 0;
    this.missingSince = undefined;
  }

  protected override replaced(stream: ConsumedStream, name: string, channel: ConsumingChannel): void {
    stream.dispatch({ type: 'replaced' });
    this.log.newStream(name);
    super.replaced(stream, name, channel);
  }

  /** Starts, however long it takes to connect. @throws ServerListenError for a permanent refusal, or when it is stopped */
  private async startPatiently(): Promise<void> {
    try {
      await this.start(Deadline.after(Number.POSITIVE_INFINITY));
    } catch (error) {
      const isFinal = this.subscription.isEnding || this.connection.status === 'closed';
      if (isFinal || !(error instanceof MessageDeliveryFailure)) throw error;
      // The broker may accept no further connection of this user.
      const delay = this.delayAfter(true);
      this.unreadable({ cause: toError(error), refused: false, delay });
      this.restart = setTimeout(() => void this.startPatiently().catch(() => undefined), delay);
    }
  }

  private async inspectFlow(stream: ConsumedStream, name: string): Promise<void> {
    const { channel } = this.attachment;
    const last = await this.attachment.lastOffset(stream, name);
    if (!channel || channel !== this.attachment.channel || !this.attached) return;
    const { lastRead } = stream;
    // While a message is in work, the prefetch limit may hold back the next ones.
    const isIdle = channel.acknowledger.slowest === undefined;
    const isBehind = isIdle && last !== undefined && lastRead !== undefined && lastRead < last;
    const { overdue } = this;
    this.overdue = isBehind ? last : undefined;
    if (!isBehind || overdue === undefined || lastRead >= overdue) return;
    this.overdue = undefined;
    this.log.missing({ what: `consumer of "${name}"`, mended: false });
    this.reattach(channel);
  }

  /** Has the stream read later from now on. AMQP counts its time in seconds, so that this one has to end first. */
  private async beginWithout(): Promise<void> {
    const at = Math.ceil(Date.now() / SECOND_MS) * SECOND_MS;
    for (const { stream } of this.queues) stream?.dispatch({ type: 'missed', at });
    await Deadline.after(SECOND_MS).pause(at + 1 - Date.now());
  }

  private unreadable(refusal: Refusal): void {
    for (const name of this.names) this.log.unreadable(name, refusal, this.failures > 0);
    this.missingSince ??= performance.now();
    this.failures++;
    this.onChange(refusal.cause);
    this.onUnreadable();
  }
}

/** Returns true for a refusal that the next attempt would meet, too, on any host. */
function isPermanent(error: Error): boolean {
  if (error instanceof ClientSendError) return true;
  if (error instanceof DeclareRefused) return replyCodeOf(error.cause) !== INTERNAL_ERROR;
  return PERMANENT.includes(replyCodeOf(error)) && !NO_REPLICA.test(error.message);
}
