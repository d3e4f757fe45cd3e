import type { Channel, Options } from 'amqplib';
import { LRUCache } from 'lru-cache';
import { toError } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import type { Settings } from '../../../core/settings.js';
import type { TransportURL } from '../../../core/transport-url.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { assertName } from '../wire/outgoing-frames.js';
import { ClosingRefusals } from './closing-refusals.js';
import { adviceOn, type Difference, differenceIn, differencesBetween, isUsable, remedyFor } from './conflict.js';
import { exchangeOptions, queueOptions } from './declared-options.js';
import { ManagementApi } from './management-api.js';
import type { QueueProfile } from './queue-profile.js';
import { describe, exchangeResource, queueResource, type Resource } from './resource.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';
import { isDenial } from './transient-queues.js';

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
export class DeclareRefused extends Error {}

/** Exchange or queue that another program declared otherwise, and that is used as it is. */
interface Adoption {
  /** Differences in the order in which the broker named them: one for each attempt. */
  readonly differences: Difference[];
  /** True when no further difference can be found. */
  settled: boolean;
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
  private readonly adopted = new LRUCache<string, Adoption>({ max: 1000 });
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
  }

  /** @throws DeclareAgain, DeclareRefused, ClientSendError for a name that is too long, or the loss of the channel */
  async declareExchange(channel: Channel, spec: ExchangeSpec): Promise<void> {
    const { name, type } = spec;
    const used = this.profile.options;
    const options = exchangeOptions(spec, used);
    // For a longer name amqplib throws while it writes the frame, and the channel waits for an answer for ever.
    assertName(name);
    await this.declare(
      channel,
      exchangeResource(spec, options),
      () => this.profile.denied(used),
      () => channel.checkExchange(name),
      (found) => channel.assertExchange(name, type, { ...options, ...found }),
    );
  }

  /** Declares a queue under a name, and binds it. @throws as {@link declareExchange} */
  async declareQueue(channel: Channel, queue: QueueSpec, name = queue.name): Promise<void> {
    const { exchange, key } = queue;
    assertName(name);
    assertName(key);
    if (exchange) await this.declareExchange(channel, exchange);
    const used = this.profile.options;
    const options = this.optionsOf(queue);
    await this.declare(
      channel,
      queueResource({ ...queue, name }, options),
      () => this.profile.denied(used) || this.denied(queue, options),
      () => channel.checkQueue(name),
      (found) => channel.assertQueue(name, { ...options, ...found }),
    );
    if (queue.lasting) this.refuseTransient([exchange && `exchange "${exchange.name}"`, `queue "${name}"`]);
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
  private refuseTransient(things: readonly (string | undefined)[]): void {
    for (const thing of things) {
      const adoption = thing && this.adopted.get(thing);
      if (!adoption || flagsIn(adoption.differences).durable !== false) continue;
      throw new DeclareRefused(
        `The ${thing} exists and is transient: a restart of the broker loses its messages, but delivery is at least once. Set rabbit.amqpDurableQueues (oslo: amqp_durable_queues) in all programs that declare it and delete it, or use another controlExchange or topic`,
      );
    }
  }

  /** Returns the value of a queue's argument, in RabbitMQ's words; undefined unless the broker named it as different. */
  found(queue: string, argument: string): string | undefined {
    const adoption = this.adopted.get(`queue "${queue}"`);
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
    const adoption = exchange && this.adopted.get(`exchange "${exchange.name}"`);
    const isTransient = adoption !== undefined && flagsIn(adoption.differences).durable === false;
    return isTransient && isShared && !this.keepsDurable ? { ...options, durable: false } : options;
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
    denied: () => boolean,
    check: () => Promise<unknown>,
    assert: (found: Flags) => Promise<unknown>,
  ): Promise<void> {
    const thing = `${resource.kind} "${resource.name}"`;
    const adoption = this.adopted.get(thing);
    try {
      await this.closingRefusals.run(channel, resource, () =>
        adoption?.settled ? check() : assert(flagsIn(adoption?.differences ?? [])),
      );
    } catch (error) {
      const code = replyCodeOf(error);
      if (error instanceof Error && isDenial(error) && denied())
        throw new DeclareAgain('The broker denies transient queues', error);
      if (adoption && code === 404) {
        this.adopted.delete(thing);
        throw new DeclareAgain(`The ${thing} is gone`, error);
      }
      if (!(error instanceof Error) || !REFUSALS.includes(code)) throw error;
      const difference = differenceIn(error.message);
      if (!difference || !isUsable(difference) || !this.settings.rabbit.adoptConflicts)
        throw await this.refusal(resource, error, difference);
      await this.adopt(resource, thing, difference);
      throw new DeclareAgain(`The ${thing} differs in ${difference.argument}`, error);
    }
    if (adoption) await this.settle(resource, adoption);
  }

  private async refusal(resource: Resource, error: Error, difference: Difference | undefined): Promise<DeclareRefused> {
    const remedy = difference
      ? await this.explain(resource, [difference])
      : remedyFor(error, resource, this.profile.options);
    return new DeclareRefused(
      `The ${resource.kind} "${resource.name}" cannot be declared: ${oneLine(error.message)}. ${remedy}`,
      { cause: error },
    );
  }

  private async adopt(resource: Resource, thing: string, difference: Difference): Promise<void> {
    const adoption = this.adopted.get(thing) ?? { differences: [], settled: false };
    this.adopted.set(thing, adoption);
    // Several declarations may have been under way at once.
    const isNew = !adoption.differences.some(({ argument }) => argument === difference.argument);
    if (isNew) adoption.differences.push(difference);
    if (!isNew || !(difference.argument in FLAGS)) await this.settle(resource, adoption);
  }

  private async settle(resource: Resource, adoption: Adoption): Promise<void> {
    if (adoption.settled) return;
    adoption.settled = true;
    const { differences } = adoption;
    const others = differences
      .map(({ argument, wanted, found }) => `${argument} is ${found}, not ${wanted}`)
      .join('; ');
    const explanation = await this.explain(resource, differences);
    this.settings.logger.warn(
      oneLine(
        `The ${resource.kind} "${resource.name}" exists with other options: ${others}. It is used as it is. ${explanation}`,
      ),
    );
  }

  /** Returns the requested definition, the existing one as far as it is known, and the advice. */
  private async explain(resource: Resource, told: readonly Difference[]): Promise<string> {
    const { kind, asked } = resource;
    const wanted = `Requested is ${describe(kind, asked)}`;
    const advice = adviceOn(resource, told);
    if (!this.management) return `${wanted}. ${advice}`;
    try {
      const present = await this.management.find(resource);
      if (!present) return `${wanted}; it does not exist now`;
      const all = differencesBetween(asked, present);
      return `${wanted}; it is ${describe(kind, present)}. ${all.length > 0 ? adviceOn(resource, all) : advice}`;
    } catch (error) {
      return `${wanted}; ${toError(error).message}. ${advice}`;
    }
  }
}

/** Arguments that can be adopted without knowing their type. */
const FLAGS = { durable: 'durable', auto_delete: 'autoDelete' } as const;

interface Flags {
  durable?: boolean;
  autoDelete?: boolean;
}

function flagsIn(differences: readonly Difference[]): Flags {
  const flags: Flags = {};
  for (const { argument, found } of differences)
    if (argument === 'durable' || argument === 'auto_delete') flags[FLAGS[argument]] = found === "'true'";
  return flags;
}
