import type { Channel, Options } from 'amqplib';
import { MessageUndeliverable } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import type { Settings } from '../../../core/settings.js';
import type { TransportURL } from '../../../core/transport-url.js';
import { isAbsent, replyCodeOf } from '../connection/reply-code.js';
import { assertName } from '../wire/outgoing-frames.js';
import { Adoptions, type Flags } from './adoptions.js';
import { ClosingRefusals } from './closing-refusals.js';
import { type Difference, deniedTransient, differenceIn, isUsable, remedyFor } from './conflict.js';
import { exchangeOptions, queueOptions } from './declared-options.js';
import { ManagementApi } from './management-api.js';
import type { QueueProfile } from './queue-profile.js';
import { exchangeResource, isTransient, queueResource, type Resource } from './resource.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';
import { isDenial } from './transient-queues.js';
import { type Trouble, troubleText } from './trouble.js';

/** A declaration failed and the broker closed the channel. On a new one, after a delay in milliseconds, it may succeed. */
export class DeclareAgain extends Error {
  constructor(
    message: string,
    cause: unknown,
    readonly delay = 0,
  ) {
    super(message, { cause });
  }
}

/** The broker refused a declaration, and would refuse it again. */
export class DeclareRefused extends Error {
  readonly #trouble: Trouble;

  constructor(trouble: Trouble, options?: ErrorOptions) {
    super(troubleText(trouble), options);
    this.#trouble = trouble;
  }

  /** The parts of the message. */
  get trouble(): Trouble {
    return this.#trouble;
  }
}

/**
 * AMQP reply codes of permanent refusals: no permission, exclusive to another connection, other arguments, and those for
 * which the broker closes the connection.
 */
const REFUSALS: readonly unknown[] = [403, 405, 406, 503, 530, 540, 541];

/**
 * Declares exchanges and queues. One that exists with other arguments is used as it is, unless the options forbid it:
 * services that share an exchange often differ in `durable`. Each driver has one declarer, so that it is logged once.
 */
export class Declarer {
  private readonly adoptions: Adoptions;
  private readonly management: ManagementApi | undefined;
  private readonly closingRefusals = new ClosingRefusals();
  /** True once the broker has denied a queue that was transient only because of its exchange. */
  private keepsDurable = false;

  constructor(
    private readonly settings: Pick<Settings, 'credentials' | 'logger' | 'rabbit'>,
    private readonly profile: QueueProfile,
    url: TransportURL,
  ) {
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new ManagementApi(managementUrl, url, settings);
    this.adoptions = new Adoptions(settings.logger, this.management);
  }

  /**
   * @throws DeclareAgain, DeclareRefused, ClientSendError for a name that is too long, MessageUndeliverable for a passive
   * exchange that does not exist, or the loss of the channel
   */
  async declareExchange(channel: Channel, spec: ExchangeSpec): Promise<void> {
    const { name, type, passive } = spec;
    const used = this.profile.options;
    const options = exchangeOptions(spec, used);
    // For a longer name amqplib throws while it writes the frame, and the channel waits for an answer for ever.
    assertName(name);
    if (passive) {
      await findExchange(channel, name);
      return;
    }
    await this.declare(
      channel,
      exchangeResource(spec, options),
      (denial) => this.profile.denied(used, denial),
      () => channel.checkExchange(name),
      (found) => channel.assertExchange(name, type, { ...options, ...found }),
    );
  }

  /** Declares a queue under a name, and binds it. @throws as {@link declareExchange} */
  async declareQueue(channel: Channel, queue: QueueSpec, name = queue.name): Promise<void> {
    const { exchange, key } = queue;
    assertName(name);
    assertName(key);
    this.refuseDenied(queueResource({ ...queue, name }, this.optionsOf(queue)));
    if (exchange) await this.declareExchange(channel, exchange);
    const used = this.profile.options;
    const options = this.optionsOf(queue);
    await this.declare(
      channel,
      queueResource({ ...queue, name }, options),
      (denial) => this.profile.denied(used, denial) || this.denied(queue, options),
      () => channel.checkQueue(name),
      (found) => channel.assertQueue(name, { ...options, ...found }),
    );
    if (queue.lasting) {
      if (exchange) this.refuseTransient('exchange', exchange.name);
      this.refuseTransient('queue', name);
    }
    if (exchange) await channel.bindQueue(name, exchange.name, key);
  }

  /**
   * Binds a queue whose binding may have been removed. Only the management API knows whether it was.
   * @returns false when the binding is known to have been missing
   */
  async bindAgain(channel: Channel, { exchange, key }: QueueSpec, name: string): Promise<boolean> {
    if (!exchange) return true;
    // The queue must be bound even when the API does not answer.
    const wasBound = await this.management?.isBound(exchange.name, name, key).catch(() => true);
    await channel.bindQueue(name, exchange.name, key);
    return wasBound ?? true;
  }

  /** @throws DeclareRefused for a transient queue or exchange: a restart of the broker loses their messages or their binding */
  private refuseTransient(kind: Resource['kind'], name: string): void {
    if (!this.adoptions.isTransient(kind, name)) return;
    throw new DeclareRefused({
      fault: `The ${kind} "${name}" exists and is transient: a restart of the broker loses its messages, but delivery is at least once`,
      cure: 'Set rabbit.amqpDurableQueues (oslo: amqp_durable_queues) in all programs that declare it and delete it, or use another controlExchange or topic',
    });
  }

  /** Returns the value of a queue's argument, in RabbitMQ's words; undefined unless the broker named it as different. */
  found(queue: string, argument: string): string | undefined {
    const adoption = this.adoptions.of({ kind: 'queue', name: queue });
    return adoption?.differences.find((difference) => difference.argument === argument)?.found;
  }

  /**
   * Returns the options of a queue. On a transient exchange a classic queue is transient, as Python declares it: a durable
   * one would fail the next Python server. Queues of other types and those of one process are as the options say, and
   * all are where the broker denies transient queues.
   */
  optionsOf(queue: QueueSpec): Options.AssertQueue {
    const { exchange, temporary } = queue;
    const used = this.profile.options;
    const options = queueOptions(queue, used);
    const isShared = options.arguments?.['x-queue-type'] === undefined && !(temporary && used.privateQueues);
    const isLowered = exchange !== undefined && this.adoptions.isTransient('exchange', exchange.name);
    return isLowered && isShared && !this.keepsDurable ? { ...options, durable: false } : options;
  }

  /**
   * Notes that the broker denies a transient queue.
   * @param declared options of the denied declaration
   * @returns true where its options are others now
   */
  private denied(queue: QueueSpec, declared: Options.AssertQueue): boolean {
    this.keepsDurable = true;
    return this.optionsOf(queue).durable !== declared.durable;
  }

  /**
   * Declares, and adopts a difference that the broker names. The broker names the first difference only. The next
   * attempt, with that one adopted, finds the next. So a stream in place of a queue is found beside any other
   * difference.
   * @param denied called when the broker denies a transient queue; returns true where the next attempt declares otherwise
   */
  private async declare(
    channel: Channel,
    resource: Resource,
    denied: (denial: Error) => boolean,
    check: () => Promise<unknown>,
    assert: (found: Flags) => Promise<unknown>,
  ): Promise<void> {
    const thing = `${resource.kind} "${resource.name}"`;
    const adoption = this.adoptions.of(resource);
    try {
      await this.closingRefusals.run(channel, resource, () =>
        adoption?.settled ? check() : assert(this.adoptions.flagsOf(resource)),
      );
    } catch (error) {
      const code = replyCodeOf(error);
      if (error instanceof Error && isDenial(error)) {
        if (denied(error)) throw new DeclareAgain('The broker denies transient queues', error);
        throw this.denialOf(resource, error);
      }
      if (adoption && code === 404) {
        this.adoptions.forget(resource);
        throw new DeclareAgain(`The ${thing} is gone`, error);
      }
      if (!(error instanceof Error) || !REFUSALS.includes(code)) throw error;
      const difference = differenceIn(error.message);
      if (!difference || !isUsable(difference) || !this.settings.rabbit.adoptConflicts)
        throw await this.refusal(resource, error, difference);
      await this.adoptions.adopt(resource, difference);
      throw new DeclareAgain(`The ${thing} differs in ${difference.argument}`, error);
    }
    if (adoption) await this.adoptions.settle(resource);
  }

  /** @throws DeclareRefused for a queue that the broker is known to deny: its answer would end the connection */
  private refuseDenied(resource: Resource): void {
    const { denial } = this.profile;
    if (denial && isTransient(resource.asked)) throw this.denialOf(resource, denial);
  }

  private denialOf(resource: Resource, cause: Error): DeclareRefused {
    const { fault, cure } = deniedTransient(this.profile.options.transientBy);
    return new DeclareRefused({ fault: `${cannotDeclare(resource)}: ${fault}`, cure }, { cause });
  }

  private async refusal(resource: Resource, error: Error, difference: Difference | undefined): Promise<DeclareRefused> {
    const fault = `${cannotDeclare(resource)}: ${oneLine(error.message)}`;
    const options = { cause: error };
    if (!difference) return new DeclareRefused({ fault, cure: remedyFor(error, resource) }, options);
    const { fault: definitions, ...remedy } = await this.adoptions.explain(resource, [difference]);
    return new DeclareRefused({ fault: `${fault}. ${definitions}`, ...remedy }, options);
  }
}

const cannotDeclare = ({ kind, name }: Resource): string => `The ${kind} "${name}" cannot be declared`;

/** @throws MessageUndeliverable where it does not exist, or the loss of the channel */
async function findExchange(channel: Channel, name: string): Promise<void> {
  try {
    await channel.checkExchange(name);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw new MessageUndeliverable(`The exchange "${name}" does not exist: no server has declared it`, {
      cause: error,
    });
  }
}
