import type { ChannelModel } from 'amqplib';
import type { Deadline } from '../../../core/deadline.js';
import { MessageDeliveryFailure, MessageUndeliverable, MessagingException, toError } from '../../../core/errors.js';
import type { Settings } from '../../../core/options.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { DriverContext } from '../../driver-context.js';
import type { ChannelBudget } from '../connection/channel-budget.js';
import type { RabbitConnection } from '../connection/connection.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { DeclarationCache } from '../topology/declaration-cache.js';
import { DeclareAgain, DeclareRefused, type Declarer } from '../topology/declarer.js';
import { ProvenRoutes } from './proven-routes.js';
import { compressed, expirationNow, type Publication, repeated } from './publication.js';
import { PublishGate } from './publish-gate.js';
import { errorOf, Guilty, Refused, refused, Skipped, Unconfirmed } from './publish-outcome.js';
import { exchangeIn, NOT_FOUND } from './publish-refusal.js';
import type { PublishingChannel } from './publishing-channel.js';
import { type Lane, PublishingChannels } from './publishing-channels.js';
import { RouteGrace } from './route-grace.js';
import { UnconfirmedLimit } from './unconfirmed-limit.js';

/** Waits before a message is tried once more while the broker keeps closing the channel. */
const RETRY_DELAY = 50;
const LONGEST_RETRY_DELAY = 1000;

/** Milliseconds without any confirmation after which closing waits no longer: the connection may have stalled. */
const FLUSH_PATIENCE = 1500;

/** Bytes up to which a message is not looked at for its size. */
const LARGE = 64 * 1024;

/** Why a message was not taken, and which channel it was written to, if it was. */
interface Failure {
  readonly error: unknown;
  readonly channel: PublishingChannel | undefined;
}

/** Publishes with confirms. What it publishes to is declared first, once for each connection. */
export class Publisher {
  readonly pending: UnconfirmedLimit;
  private readonly gate: PublishGate;
  private readonly declarations: DeclarationCache;
  private readonly channels: PublishingChannels;
  private readonly routes = new ProvenRoutes();
  private readonly grace = new RouteGrace(this.routes);
  private largest = LARGE;
  private closed = false;
  private readonly settings: Settings;

  constructor(
    private readonly connection: RabbitConnection,
    context: DriverContext,
    declarer: Declarer,
    budget: ChannelBudget,
  ) {
    this.settings = context.settings;
    this.channels = new PublishingChannels(budget, (failure) => this.lostChannel(failure));
    this.pending = new UnconfirmedLimit(context);
    this.gate = new PublishGate(connection);
    this.declarations = new DeclarationCache(declarer, budget);
    connection.onConnected(() => {
      this.routes.restart();
      this.declarations.restart();
      // A user that has too few channels loses the connection for one too many.
      budget.learn(connection.lastError);
      this.grace.connected();
      this.largest = LARGE;
    });
  }

  /**
   * Resolves when the broker has confirmed the message. A message that it refuses is tried once more, on another channel.
   * @throws MessageUndeliverable, MessageDeliveryFailure, or ClientSendError when too much is unconfirmed
   */
  publish(given: Publication, deadline: Deadline, retry?: number): Promise<void> {
    const publication = this.settings.rabbit.compress ? compressed(given) : given;
    const size = publication.body.length;
    // A call that is not confirmed when the transport closes has been rejected already.
    const awaited = publication.expires === undefined;
    // A promise for each step of the way would be a good part of what a small call costs, so this is all one.
    return new Promise((resolve, reject) => {
      // Replies are as many as requests in work, which the server bounds, and nobody could be told.
      if (publication.exchange) this.pending.assertRoom(size);
      this.pending.add(size, awaited);
      const taken = () => {
        this.pending.remove(size, awaited);
        resolve();
      };
      const persist = (first?: Failure) => {
        this.persist(publication, deadline, retry, first).then(taken, (error: unknown) => {
          this.pending.remove(size, awaited);
          reject(error);
        });
      };
      const channel = this.readyFor(publication);
      if (!channel) persist();
      else {
        this.send(channel, publication, publication.expiration, (error) => {
          if (error) persist({ error, channel });
          else taken();
        });
      }
    });
  }

  /** The same, but settles at the deadline, whatever the broker does. The message may then still be confirmed. */
  publishBy(publication: Publication, deadline: Deadline, retry?: number): Promise<void> {
    return deadline.race(this.publish(publication, deadline, retry), () => this.late(deadline));
  }

  /**
   * Resolves when the broker has confirmed what is pending, when the time is over, or as soon as the broker takes no
   * messages or stops confirming. Then nothing more is sent.
   */
  async close(deadline: Deadline): Promise<void> {
    this.grace.end();
    await this.flush(deadline);
    this.closed = true;
    this.gate.close();
    this.grace.close();
  }

  private async flush(deadline: Deadline): Promise<void> {
    const { connection, pending, settings } = this;
    let unsubscribe = () => undefined as unknown;
    const gone = new Promise<void>((resolve) => {
      unsubscribe = connection.onStatus((status) => status !== 'connected' && resolve());
    });
    const settled = Promise.race([pending.whenSettled(), gone]);
    for (let before = 0; before !== pending.awaited && !deadline.expired; ) {
      before = pending.awaited;
      await settleWithin(settled, Math.min(FLUSH_PATIENCE, deadline.remaining()));
      if (connection.status !== 'connected') break;
    }
    unsubscribe();
    if (pending.awaited === 0) return;
    settings.logger.warn(`Closing with ${pending.awaited} messages that the broker has not confirmed`);
  }

  /** Returns the channel that the message can be written to at once. */
  private readyFor(publication: Publication): PublishingChannel | undefined {
    if (this.gate.shut || publication.redeclare) return undefined;
    const lane = this.laneOf(publication);
    if (lane === 'proven') return this.channels.proven;
    return lane === 'volatile' && this.declarations.have(publication) ? this.channels.volatile : undefined;
  }

  private laneOf({ exchange, routingKey, mandatoryId, body }: Publication): Lane {
    if (exchange?.options.autoDelete) return 'volatile';
    const isProven = this.routes.has(exchange?.name ?? '', routingKey, mandatoryId !== undefined);
    return isProven && body.length <= this.largest ? 'proven' : 'trial';
  }

  /** @param first how it failed so far */
  private async persist(
    publication: Publication,
    deadline: Deadline,
    retry: number | undefined,
    first?: Failure,
  ): Promise<void> {
    let next = publication;
    let failure = first ?? (await this.attempt(next, deadline, retry));
    let refusals = 0;
    let returns = 0;
    for (let failures = 0; failure; failure = await this.attempt(next, deadline, retry)) {
      const { error, channel } = failure;
      if (error instanceof Unconfirmed || error instanceof Refused) next = repeated(next);
      if (error instanceof Skipped) continue;
      if (error instanceof Refused && channel) {
        if (refusals++ > 0 || deadline.expired || !this.channels.replace(channel)) throw refused(publication, error);
        continue;
      }
      if (error instanceof MessageUndeliverable && (await this.canRetry(publication, deadline, returns++))) continue;
      if (error instanceof MessagingException) throw error;
      if (error instanceof DeclareAgain) continue;
      const isVanished = error instanceof Guilty && replyCodeOf(channel?.failure) === NOT_FOUND;
      const isRefused = error instanceof DeclareRefused || (error instanceof Guilty && !isVanished);
      // A fanout exchange goes with its last queue; then the channel is closed, and it is declared again.
      const free = failures === 0 && this.connection.current !== undefined;
      const givenUp = retry !== undefined && retry >= 0 && failures >= retry && !free;
      if (this.closed && error instanceof Unconfirmed) throw unknown(error);
      if (isRefused || givenUp || deadline.expired || this.closed) {
        const cause = error instanceof DeclareRefused ? error : (channel?.failure ?? toError(error));
        throw new MessageDeliveryFailure(`The broker did not take the message: ${cause.message}`, { cause });
      }
      if (failures++ > 0) await this.grace.pause(Math.min(RETRY_DELAY * failures, LONGEST_RETRY_DELAY), deadline);
    }
  }

  /** Resolves with nothing when the broker has taken the message. */
  private async attempt(
    publication: Publication,
    deadline: Deadline,
    retry: number | undefined,
  ): Promise<Failure | undefined> {
    let channel: PublishingChannel | undefined;
    try {
      const ready = await this.prepare(publication, deadline, retry);
      const expiration = expirationNow(publication);
      // Its sender has been told by now that it failed.
      if (deadline.expired || expiration === 0) throw new MessageDeliveryFailure('The message was not sent in time');
      channel = ready;
      const name = publication.exchange?.name ?? '';
      const { routingKey, mandatoryId, body } = publication;
      this.routes.begin(name, routingKey);
      const error = await new Promise<Error | undefined>((resolve) =>
        this.send(ready, publication, expiration, resolve),
      );
      this.routes.end(name, routingKey, error === undefined, mandatoryId !== undefined);
      if (error === undefined && body.length > this.largest) this.largest = body.length;
      return error && { error, channel };
    } catch (error) {
      return { error, channel };
    }
  }

  /** Resolves with a channel that can be written to just now, and for which all is declared. */
  private async prepare(
    publication: Publication,
    deadline: Deadline,
    retry: number | undefined,
  ): Promise<PublishingChannel> {
    let declaredOn: ChannelModel | undefined;
    for (;;) {
      if (this.gate.shut) await this.gate.pass(deadline);
      const model = this.connection.current ?? (await this.connection.acquire(deadline, retry));
      if (this.gate.shut || this.connection.current !== model) continue;
      const opening = this.channels.acquire(model, this.laneOf(publication));
      if (declaredOn !== model && !this.declarations.have(publication)) {
        opening.catch(() => undefined);
        await this.inTime(this.declarations.declare(model, publication), deadline);
        declaredOn = model;
        continue;
      }
      const channel = await this.inTime(opening, deadline);
      if (channel.usable && !this.gate.shut) return channel;
    }
  }

  private inTime<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
    return deadline.race(work, () => this.late(deadline));
  }

  /** Returns whether a message that no queue took is worth another try. */
  private async canRetry(publication: Publication, deadline: Deadline, returns: number): Promise<boolean> {
    const { queue, exchange, routingKey } = publication;
    if (deadline.expired || this.closed) return false;
    if (!queue) return exchange !== undefined && this.grace.wait(exchange.name, routingKey, deadline);
    // Somebody deleted the queue that was declared here: it is declared again.
    this.declarations.forget(queue);
    if (returns > 0) await this.grace.pause(Math.min(RETRY_DELAY * returns, LONGEST_RETRY_DELAY), deadline);
    return true;
  }

  private lostChannel(failure: Error | undefined): void {
    const exchange = exchangeIn(failure);
    if (exchange === undefined) return;
    this.routes.forget(exchange);
    this.declarations.forgetExchange(exchange);
  }

  private late(deadline: Deadline): MessageDeliveryFailure {
    const cause = this.connection.troubleFor(deadline.since) ?? this.connection.lastError;
    const why = this.connection.status === 'blocked' && cause ? `: ${cause.message}` : '';
    return new MessageDeliveryFailure(`The broker did not confirm the message in time${why}`, { cause });
  }

  private send(
    channel: PublishingChannel,
    publication: Publication,
    expiration: number | undefined,
    done: (error?: Error) => void,
  ): void {
    const { exchange, routingKey, body, mandatoryId, headers } = publication;
    const mandatory = mandatoryId !== undefined;
    try {
      channel.publish(
        { exchange: exchange?.name ?? '', routingKey, body, expiration, mandatory, headers },
        (outcome) => (outcome === 'taken' ? done() : done(errorOf(outcome, publication))),
      );
    } catch (error) {
      done(toError(error));
    }
  }
}

function unknown(cause: Error): MessageDeliveryFailure {
  const text = 'The transport was closed before the broker confirmed the message; it may have been delivered';
  return new MessageDeliveryFailure(text, { cause });
}
