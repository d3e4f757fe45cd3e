import type { Deadline } from '../../../core/deadline.js';
import type { LogSink } from '../../../core/logger.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { DriverContext } from '../../driver-context.js';
import type { ChannelBudget } from '../connection/channel-budget.js';
import type { RabbitConnection } from '../connection/connection.js';
import { CONNECTION_FORCED, replyCodeOf } from '../connection/reply-code.js';
import { SilenceWatch } from '../connection/silence-watch.js';
import type { Declarer } from '../topology/declarer.js';
import { compressed, type Publication, repeated, withCompressed } from './publication.js';
import { PublishAttempts, type PublishFailure } from './publish-attempts.js';
import { nackedTwice } from './publish-failures.js';
import { countFailure, decide, mayBeQueued, type PublishCounts, type PublishHistory } from './publish-retry.js';
import { RouteGrace } from './route-grace.js';
import { UnconfirmedLimit } from './unconfirmed-limit.js';
import { Unwritten } from './unwritten.js';

/** Time in milliseconds without a confirm after which closing stops waiting: the connection may have stalled. */
const FLUSH_STALL_MS = 1500;

/**
 * Time in milliseconds for the reply to a call that was not confirmed when a node closed its connections. Such a node has
 * put into their queues what it had read, so that another copy would run, too.
 */
const REPLY_GRACE_MS = 2000;

/** Longest time in milliseconds between two checks while nothing is confirmed. A cluster elects in a few seconds. */
const CHECK_INTERVAL_MS = 5000;

/** Publishes messages with confirms. Declares their exchanges and queues first, once for each connection. */
export class Publisher {
  readonly pending: UnconfirmedLimit;
  /** Returns true while a call waits for its reply. */
  isPending: (msgId: string) => boolean = () => true;
  private readonly attempts: PublishAttempts;
  private readonly grace: RouteGrace;
  private readonly unwritten = new Unwritten();
  private readonly silence: SilenceWatch;
  private closed = false;
  private readonly compress: boolean;
  private readonly logger: LogSink;

  constructor(
    private readonly connection: RabbitConnection,
    context: DriverContext,
    declarer: Declarer,
    budget: ChannelBudget,
  ) {
    this.compress = context.settings.rabbit.compress;
    this.logger = context.settings.logger;
    this.attempts = new PublishAttempts(connection, declarer, budget);
    this.grace = new RouteGrace(this.attempts.routes);
    this.pending = new UnconfirmedLimit(context);
    const { channels } = this.attempts;
    this.silence = new SilenceWatch(
      () => this.pending.messages > 0,
      async () => {
        if (await connection.doubt.raise()) channels.leaveStuck();
      },
      () => channels.findStuck(),
      CHECK_INTERVAL_MS,
    );
    connection.onConnected(() => this.grace.connected());
  }

  /** True while the broker can confirm messages: it is connected, and no alarm blocks publishing. */
  get isConnected(): boolean {
    return this.connection.status === 'connected';
  }

  /**
   * Publishes a message and resolves when the broker has confirmed it.
   * @param retry failed attempts to tolerate; undefined or negative is any number
   * @throws MessageUndeliverable, MessageDeliveryFailure, or ClientSendError when too much is unconfirmed
   */
  publish(publication: Publication, deadline: Deadline, retry?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.send(publication, deadline, retry, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /**
   * Publishes likewise, and calls back once, with an error unless the broker has confirmed the message. Promises would be a
   * good part of the cost of a small call.
   * @throws ClientSendError when too much is unconfirmed
   */
  send(given: Publication, deadline: Deadline, retry: number | undefined, done: (error?: unknown) => void): void {
    const packed = this.compress ? compressed(given) : given;
    const { bestEffort, body } = packed;
    const size = body.length;
    // A call that is not confirmed when the transport closes has been rejected already.
    const awaited = packed.msgId === undefined && !bestEffort;
    // Replies do not count: the server bounds the requests in work, and a reply has no caller here to reject.
    if (packed.exchange) this.pending.assertRoom(size);
    this.pending.add(size, awaited);
    this.silence.waiting();
    const onWritten = bestEffort ? this.unwritten.add() : undefined;
    const publication = onWritten ? { ...packed, onWritten } : packed;
    const end = (error?: unknown) => {
      this.pending.remove(size, awaited);
      onWritten?.();
      if (error === undefined) this.silence.received();
      done(error);
    };
    const persist = (first?: PublishFailure) => {
      this.persist(publication, deadline, retry, first).then(end, end);
    };
    const channel = this.attempts.readyFor(publication);
    if (!channel) persist();
    else {
      this.attempts.send(channel, publication, publication.expiration, (error) => {
        if (error) persist({ error, channel });
        else end();
      });
    }
  }

  /** Publishes likewise, but settles at the deadline at the latest. The broker may still confirm the message afterwards. */
  publishBy(publication: Publication, deadline: Deadline, retry?: number): Promise<void> {
    return deadline.race(this.publish(publication, deadline, retry), () => this.attempts.late(deadline));
  }

  /**
   * Refuses new messages after waiting for confirms of those under way: until the deadline, or until the broker blocks
   * the connection or stops confirming. Messages of best effort are only written.
   */
  async close(deadline: Deadline): Promise<void> {
    this.grace.end();
    await this.flush(deadline);
    this.closed = true;
    this.attempts.gate.close();
    this.grace.close();
    this.silence.close();
  }

  private async flush(deadline: Deadline): Promise<void> {
    const { connection, pending } = this;
    let unsubscribe = () => undefined as unknown;
    const disconnected = new Promise<void>((resolve) => {
      unsubscribe = connection.onStatus((status) => status !== 'connected' && resolve());
    });
    const written = this.unwritten.flush(disconnected, deadline);
    const settled = Promise.race([pending.whenSettled(), disconnected]);
    for (let before = 0; before !== pending.awaited && !deadline.expired; ) {
      before = pending.awaited;
      await settleWithin(settled, Math.min(FLUSH_STALL_MS, deadline.remaining()));
      if (connection.status !== 'connected') break;
    }
    await written;
    unsubscribe();
    if (pending.awaited === 0) return;
    this.logger.warn(
      `Closing with ${pending.awaited} messages that the broker has not confirmed; they may have been delivered`,
    );
  }

  /** Publishes until the broker confirms the message or {@link decide} gives it up. @param first failure so far */
  private async persist(
    publication: Publication,
    deadline: Deadline,
    retry: number | undefined,
    first?: PublishFailure,
  ): Promise<void> {
    let next = publication;
    let counts: PublishCounts = { failures: 0, nacks: 0, returns: 0 };
    let failure = first ?? (await this.attempts.attempt(next, deadline, retry));
    for (; failure; failure = await this.attempts.attempt(next, deadline, retry)) {
      const { error } = failure;
      const decision = decide(error, this.historyOf(publication, counts, deadline, retry));
      counts = countFailure(counts, error);
      if (mayBeQueued(error)) {
        next = repeated(next);
        if (decision.action !== 'giveUp' && (await this.settledMeanwhile(publication, failure, deadline))) return;
      }
      if (next.renew && decision.action !== 'giveUp') next = await this.renewed(next);
      switch (decision.action) {
        case 'giveUp':
          throw decision.error;
        case 'otherChannel':
          if (!this.attempts.replace(failure)) throw nackedTwice(publication, error as Error);
          break;
        case 'redeclare':
          this.attempts.redeclare(publication);
          if (decision.delay > 0) await this.grace.pause(decision.delay, deadline);
          break;
        case 'wait':
          await this.grace.pause(decision.delay, deadline);
      }
    }
  }

  /** Waits for the reply to a call where it is likely to come. Returns true when the call has settled. */
  private async settledMeanwhile(
    { msgId }: Publication,
    { channel }: PublishFailure,
    deadline: Deadline,
  ): Promise<boolean> {
    if (msgId === undefined || channel === undefined) return false;
    // amqplib reports the end of the channels before that of their connection.
    await Promise.resolve();
    const { current, lastError } = this.connection;
    if (channel.model === current || replyCodeOf(lastError) !== CONNECTION_FORCED) return false;
    await this.grace.pause(Math.min(REPLY_GRACE_MS, deadline.remaining() / 2), deadline);
    return !this.isPending(msgId);
  }

  private async renewed(publication: Publication): Promise<Publication> {
    const body = await publication.renew?.();
    if (!body) return publication;
    return this.compress ? withCompressed(publication, body) : { ...publication, body };
  }

  private historyOf(
    { exchange, queue, routingKey }: Publication,
    counts: PublishCounts,
    deadline: Deadline,
    retry: number | undefined,
  ): PublishHistory {
    return {
      ...counts,
      routingKey,
      retry,
      connected: this.connection.current !== undefined,
      expired: deadline.expired,
      closed: this.closed,
      declaresQueue: queue !== undefined,
      queueExpected: exchange !== undefined && this.grace.expects(exchange.name, routingKey, deadline),
    };
  }
}
