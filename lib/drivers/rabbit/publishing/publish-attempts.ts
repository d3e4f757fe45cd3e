import type { ChannelModel } from 'amqplib';
import type { Deadline } from '../../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../../core/errors.js';
import { type ChannelBudget, channelLimitIn } from '../connection/channel-budget.js';
import type { RabbitConnection } from '../connection/connection.js';
import { DeclarationCache } from '../topology/declaration-cache.js';
import { DeclareRefused, type Declarer } from '../topology/declarer.js';
import type { Lease, LeaseKey } from './channel-pool.js';
import { ProvenRoutes, routeKey } from './proven-routes.js';
import { expirationNow, type Publication } from './publication.js';
import { failureOf } from './publish-failures.js';
import { PublishGate } from './publish-gate.js';
import { exchangeIn } from './publish-refusal.js';
import type { PublishingChannel } from './publishing-channel.js';
import { PublishingChannels } from './publishing-channels.js';

/** Body size in bytes up to which the broker is expected to accept a message. */
const SMALL_BODY = 64 * 1024;

/** Failure of one attempt, and the channel that the message was written to. */
export interface PublishFailure {
  readonly error: unknown;
  readonly channel: PublishingChannel | undefined;
}

/** Single attempts to publish, each on a channel where a refusal affects as few other messages as possible. */
export class PublishAttempts {
  readonly routes = new ProvenRoutes();
  readonly gate: PublishGate;
  readonly channels: PublishingChannels;
  private readonly declarations: DeclarationCache;
  /** Size in bytes of the largest body that the broker has accepted on this connection. */
  private largest = SMALL_BODY;

  constructor(
    private readonly connection: RabbitConnection,
    declarer: Declarer,
    private readonly budget: ChannelBudget,
  ) {
    this.gate = new PublishGate(connection);
    this.channels = new PublishingChannels(budget, (channel) => this.onChannelClosed(channel));
    this.declarations = new DeclarationCache(declarer, budget);
    connection.onConnected(() => {
      this.routes.restart();
      this.declarations.restart();
      this.largest = SMALL_BODY;
    });
  }

  /** Returns the channel that the message can be written to now, without waiting and without risk for other messages. */
  readyFor(publication: Publication): PublishingChannel | undefined {
    if (this.gate.shut || publication.redeclare || this.leaseKey(publication) !== undefined) return undefined;
    return this.channels.proven;
  }

  /** Writes a message. Calls back once, with an error unless the broker has confirmed it. */
  send(
    channel: PublishingChannel,
    publication: Publication,
    expiration: number | undefined,
    done: (error?: Error) => void,
  ): void {
    const { exchange, routingKey, body, mandatoryId, headers, keptHeaders, deadline, cancellable } = publication;
    const name = exchange?.name ?? '';
    const mandatory = mandatoryId !== undefined;
    try {
      channel.publish(
        { exchange: name, routingKey, body, expiration, deadline, cancellable, mandatory, headers, keptHeaders },
        (outcome) => {
          // The reply to a call, or its deadline, shows whether it was delivered.
          const isSettled = outcome === 'confirmed' || (outcome === 'confirm-lost' && isCall(publication));
          if (isSettled) done();
          else done(failureOf(outcome, publication, channel.failure));
        },
      );
      publication.onWritten?.();
    } catch (error) {
      done(toError(error));
    }
  }

  /** Publishes a message once. Resolves with nothing when the broker has confirmed it. */
  async attempt(
    publication: Publication,
    deadline: Deadline,
    retry: number | undefined,
  ): Promise<PublishFailure | undefined> {
    const { exchange: { name = '' } = {}, routingKey, mandatoryId, body } = publication;
    const key = this.leaseKey(publication);
    const lease = key === undefined ? undefined : this.channels.lease(key);
    let channel: PublishingChannel | undefined;
    try {
      const ready = await this.prepare(publication, lease, deadline, retry);
      const expiration = expirationNow(publication);
      // By now the message has been rejected as not sent.
      if (deadline.expired || expiration === 0) throw new MessageDeliveryFailure('The message was not sent in time');
      channel = ready;
      const trial = this.routes.begin(name, routingKey);
      const error = await new Promise<Error | undefined>((resolve) =>
        this.send(ready, publication, expiration, resolve),
      );
      this.routes.end(trial, error === undefined, mandatoryId !== undefined);
      if (error === undefined && body.length > this.largest) this.largest = body.length;
      return error && { error: this.reasonFor(error), channel };
    } catch (error) {
      return { error: this.reasonFor(error), channel };
    } finally {
      if (lease) this.channels.release(lease);
    }
  }

  /** Replaces the channel of a failed attempt. Returns false when no other channel may be opened now. */
  replace({ channel }: PublishFailure): boolean {
    return channel !== undefined && this.channels.replace(channel);
  }

  /** Declares the exchange and the queue of a message again with the next attempt. */
  redeclare({ exchange, queue }: Publication): void {
    if (queue) this.declarations.forget(queue);
    if (exchange) this.declarations.forgetExchange(exchange.name);
  }

  /** Returns the error of a message that was not confirmed before its deadline. */
  late(deadline: Deadline): MessageDeliveryFailure {
    const { connection } = this;
    const trouble = connection.troubleFor(deadline.since);
    const cause = trouble ?? connection.lastError;
    const reason = connection.current && trouble ? `: ${trouble.message}` : '';
    // An alarm knows whether anything was sent.
    const fate = connection.status === 'blocked' ? '' : '; it may still be delivered';
    return new MessageDeliveryFailure(`The broker did not confirm the message in time${fate}${reason}`, { cause });
  }

  /** Returns undefined for a message that the broker is expected to accept, as it has accepted others like it. */
  private leaseKey(publication: Publication): LeaseKey | undefined {
    const { exchange, routingKey, mandatoryId, body } = publication;
    // The broker refuses a message that is too large, whatever its route.
    if (body.length > this.largest) return publication;
    // Any message to it may be the first after it has vanished.
    if (exchange?.autoDelete) return exchange.name;
    const name = exchange?.name ?? '';
    return this.routes.has(name, routingKey, mandatoryId !== undefined) ? undefined : routeKey(name, routingKey);
  }

  /** Resolves with a channel that can be written to in this turn, and on whose connection everything is declared. */
  private async prepare(
    publication: Publication,
    lease: Lease | undefined,
    deadline: Deadline,
    retry: number | undefined,
  ): Promise<PublishingChannel> {
    const { channels, connection, declarations, gate } = this;
    let declaredOn: ChannelModel | undefined;
    for (;;) {
      if (gate.shut) await gate.pass(deadline);
      const model = connection.current ?? (await connection.acquire(deadline, retry));
      if (gate.shut || connection.current !== model) continue;
      const acquiring = channels.acquire(model, lease);
      if (declaredOn !== model && !declarations.have(publication)) {
        acquiring.catch(() => undefined);
        await this.inTime(declarations.declare(model, publication), deadline);
        declaredOn = model;
        continue;
      }
      const channel = await this.inTime(acquiring, deadline);
      if (channel.usable && !gate.shut) return channel;
    }
  }

  private inTime<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
    return deadline.race(work, () => this.late(deadline));
  }

  /** Returns the error of a failed attempt. Where the user may open too few channels, no other attempt will do. */
  private reasonFor(error: unknown): unknown {
    const { lastError } = this.connection;
    const { shortage } = this.budget;
    if (shortage === undefined || channelLimitIn(lastError) === undefined) return error;
    return new DeclareRefused({ fault: shortage }, { cause: lastError });
  }

  private onChannelClosed({ failure, model }: PublishingChannel): void {
    const { current } = this.connection;
    // The next connection has found out for itself what exists.
    if (current && current !== model) return;
    const exchange = exchangeIn(failure);
    if (exchange === undefined) return;
    this.routes.forget(exchange);
    this.declarations.forgetExchange(exchange);
  }
}

/** Only requests that a caller waits for expire at a point in time and go to an exchange. */
function isCall({ exchange, expires }: Publication): boolean {
  return exchange !== undefined && expires !== undefined;
}
