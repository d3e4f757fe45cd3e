import type { ChannelModel } from 'amqplib';
import type { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, MessageUndeliverable, MessagingException, toError } from '../../core/errors.js';
import type { Settings } from '../../core/options.js';
import { compress } from './compression.js';
import type { RabbitConnection } from './connection.js';
import { Declarations, type Needs } from './declarations.js';
import { DeclareAgain, DeclareRefused, type Declarer } from './declarer.js';
import { PendingPublishes } from './pending-publishes.js';
import { blame } from './publish-refusal.js';
import { PublishingChannel } from './publishing-channel.js';
import { PUBLISHED_AGAIN } from './topology.js';

/** Waits before a message is tried once more while the broker keeps closing the channel. */
const RETRY_DELAY = 50;
const LONGEST_RETRY_DELAY = 1000;

/** Milliseconds between two channels that are given up for what they refuse: a queue that is full refuses on any. */
const REPLACING = 250;
/** Channels that have made way and wait for confirmations, which a queue without a majority may owe for long. */
const MOST_RETIRED = 8;

/** One message to publish. */
export interface Publication extends Needs {
  readonly routingKey: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Milliseconds, whole. */
  readonly expiration?: number | undefined;
  /** Given for a message that must reach a queue: its `_unique_id`. */
  readonly mandatoryId?: string | undefined;
}

/** A channel, and what has been declared on it. */
interface OpenChannel {
  readonly publishing: PublishingChannel;
  readonly declarations: Declarations;
}

/** Why a message was not taken, and which channel it was written to, if it was. */
interface Failure {
  readonly error: unknown;
  readonly open: OpenChannel | undefined;
}

/** It was written, but its channel was lost before the broker confirmed it. */
class Unconfirmed extends Error {}

/** It was written, and the broker said that it does not take it: a queue is full, or unavailable. */
export class Refused extends Error {}

/** Publishes with confirms, declaring what it publishes to once for each channel. */
export class Publisher {
  private opening: Promise<OpenChannel> | undefined;
  private ready: OpenChannel | undefined;
  private replaced = Number.NEGATIVE_INFINITY;
  private retired = 0;
  readonly pending: PendingPublishes;

  constructor(
    private readonly connection: RabbitConnection,
    private readonly settings: Settings,
    private readonly declarer: Declarer,
  ) {
    this.pending = new PendingPublishes(settings);
  }

  /**
   * Resolves when the broker has confirmed the message. What it refuses is tried once more, on another channel.
   * @throws MessageUndeliverable, MessageDeliveryFailure, or ClientSendError when too much is unconfirmed
   */
  publish(given: Publication, deadline: Deadline, retry?: number): Promise<void> {
    const publication = this.settings.rabbit.compress ? compressed(given) : given;
    const size = publication.body.length;
    // A promise for each step of the way would be a good part of what a small call costs, so this is all one.
    return new Promise((resolve, reject) => {
      // Replies are as many as requests in work, which the server bounds, and nobody could be told.
      if (publication.exchange) this.pending.assertRoom(size);
      this.pending.add(size);
      const taken = () => {
        this.pending.remove(size);
        resolve();
      };
      const persist = (first?: Failure) => {
        this.persist(publication, deadline, retry, first).then(taken, (error: unknown) => {
          this.pending.remove(size);
          reject(error);
        });
      };
      const { ready } = this;
      if (!ready?.declarations.have(publication)) persist();
      else this.send(ready, publication, (error) => (error ? persist({ error, open: ready }) : taken()));
    });
  }

  /** The same, but settles at the deadline, whatever the broker does. The message may then still be confirmed. */
  publishBy(publication: Publication, deadline: Deadline, retry?: number): Promise<void> {
    const late = () =>
      new MessageDeliveryFailure('The broker did not confirm the message in time', {
        cause: this.connection.lastError,
      });
    return deadline.race(this.publish(publication, deadline, retry), late);
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
    for (let failures = 0; failure; failure = await this.attempt(next, deadline, retry)) {
      const { error, open } = failure;
      if (error instanceof Unconfirmed || error instanceof Refused) next = repeated(publication);
      if (error instanceof Refused && open) {
        if (refusals++ > 0 || deadline.expired || !this.replace(open)) throw refused(publication, error);
        continue;
      }
      // Somebody deleted the queue that was declared here: it is declared again.
      if (error instanceof MessageUndeliverable && publication.queue && !deadline.expired) {
        open?.declarations.forget(publication.queue);
        continue;
      }
      if (error instanceof MessagingException) throw error;
      if (open) {
        this.forget(open);
        // Unless the broker has closed it, it would stay open, and unused, for as long as its connection.
        open.publishing.retire();
      }
      if (error instanceof DeclareAgain) continue;
      const guilty = blame(open?.publishing.failure, publication);
      // A fanout exchange goes with its last queue; then the channel is closed, and a new one declares it again.
      const free = (failures === 0 || guilty === 'another') && this.connection.current !== undefined;
      const givenUp = retry !== undefined && retry >= 0 && failures >= retry && !free;
      if (error instanceof DeclareRefused || guilty === 'this' || givenUp || deadline.expired) {
        const cause = error instanceof DeclareRefused ? error : (open?.publishing.failure ?? toError(error));
        throw new MessageDeliveryFailure(`The broker did not take the message: ${cause.message}`, { cause });
      }
      if (failures++ > 0) await deadline.pause(Math.min(RETRY_DELAY * failures, LONGEST_RETRY_DELAY));
    }
  }

  /** Resolves with nothing when the broker has taken the message. */
  private async attempt(
    publication: Publication,
    deadline: Deadline,
    retry: number | undefined,
  ): Promise<Failure | undefined> {
    let open: OpenChannel | undefined;
    try {
      const acquired = this.ready ?? (await this.acquire(deadline, retry));
      open = acquired;
      if (!acquired.declarations.have(publication)) {
        await acquired.declarations.declare(publication);
        // Whoever sent it has been told by now that it failed.
        if (deadline.expired) throw new MessageDeliveryFailure('The declarations took until the deadline');
      }
      const error = await new Promise<Error | undefined>((resolve) => this.send(acquired, publication, resolve));
      return error && { error, open };
    } catch (error) {
      return { error, open };
    }
  }

  private async acquire(deadline: Deadline, retry: number | undefined): Promise<OpenChannel> {
    const model = await this.connection.acquire(deadline, retry);
    this.opening ??= this.openOn(model).finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async openOn(model: ChannelModel): Promise<OpenChannel> {
    const publishing = await PublishingChannel.on(model);
    const open = { publishing, declarations: new Declarations(publishing.channel, this.declarer) };
    publishing.channel.on('close', () => this.forget(open));
    this.ready = open;
    return open;
  }

  private forget(open: OpenChannel): void {
    if (this.ready === open) this.ready = undefined;
  }

  /**
   * Has a channel that refuses make way for a new one: it may be all that is wrong. A channel that is first used while a
   * quorum queue has no leader refuses whatever goes there, for as long as it lives.
   * @returns whether there is another one to try
   */
  private replace(open: OpenChannel): boolean {
    if (this.ready !== open) return true;
    const now = performance.now();
    if (now - this.replaced < REPLACING || this.retired >= MOST_RETIRED) return false;
    this.replaced = now;
    this.forget(open);
    this.retired++;
    open.publishing.channel.once('close', () => {
      this.retired--;
    });
    open.publishing.retire();
    return true;
  }

  private send(
    { publishing }: OpenChannel,
    { exchange, routingKey, body, expiration, mandatoryId, headers }: Publication,
    done: (error?: Error) => void,
  ): void {
    const name = exchange?.name ?? '';
    const mandatory = mandatoryId !== undefined;
    try {
      publishing.publish({ exchange: name, routingKey, body, expiration, mandatory, headers }, (outcome) => {
        if (outcome === 'taken') done();
        else if (outcome === 'returned') done(undeliverable(name, routingKey));
        else if (outcome === 'refused') done(new Refused());
        else done(new Unconfirmed('the channel was closed'));
      });
    } catch (error) {
      done(toError(error));
    }
  }
}

function undeliverable(exchange: string, routingKey: string): MessageUndeliverable {
  return new MessageUndeliverable(
    `No queue takes messages for "${routingKey}" on exchange "${exchange}": nobody listens there`,
  );
}

function refused({ routingKey }: Publication, cause: Refused): MessageDeliveryFailure {
  return new MessageDeliveryFailure(
    `The broker refused the message for "${routingKey}": a queue is full or unavailable`,
    { cause },
  );
}

/** Tells those who must not run it twice that the broker may have it already. */
function repeated(publication: Publication): Publication {
  return { ...publication, headers: { ...publication.headers, [PUBLISHED_AGAIN]: 1 } };
}

/** What is compressed already stays as it is. */
function compressed(publication: Publication): Publication {
  if (publication.headers?.['compression'] !== undefined) return publication;
  const { body, headers } = compress(publication.body);
  return { ...publication, body, headers: { ...publication.headers, ...headers } };
}
