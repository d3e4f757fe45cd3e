import type { Channel } from 'amqplib';
import { LRUCache } from 'lru-cache';
import { toError } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import type { Settings } from '../../../core/options.js';
import type { TransportURL } from '../../../core/transport-url.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { assertName } from '../wire/outgoing-frames.js';
import { adviceOn, type Difference, differenceIn, differencesBetween, isUsable, remedyFor } from './conflict.js';
import { ManagementApi } from './management-api.js';
import { describe, exchangeResource, queueResource, type Resource } from './resource.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';

/** The broker has closed the channel; on a new one, after the delay in milliseconds, it may succeed. */
export class DeclareAgain extends Error {
  constructor(
    message: string,
    cause: unknown,
    readonly delay = 0,
  ) {
    super(message, { cause });
  }
}

/** The broker will not have it as it is; declaring it again would be of no use. */
export class DeclareRefused extends Error {}

/** What somebody else has declared, and we do with. */
interface Adoption {
  /** In the order in which the broker told them: one for each attempt. */
  readonly differences: Difference[];
  /** Nothing more can be learnt of it. */
  settled: boolean;
}

/** Refusals that do not pass: no permission, in another's exclusive use, or contradictory. */
const REFUSALS: readonly unknown[] = [403, 405, 406];

/**
 * Declares exchanges and queues. What somebody else has declared with other arguments is used as it is, as long as it
 * is there and the options do not say otherwise: services that share an exchange often differ in `durable`. One for
 * each driver, which says it once.
 */
export class Declarer {
  private readonly adopted = new LRUCache<string, Adoption>({ max: 1000 });
  private readonly management: ManagementApi | undefined;

  constructor(
    private readonly settings: Settings,
    url: TransportURL,
  ) {
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new ManagementApi(managementUrl, url, settings);
  }

  /** @throws DeclareAgain, DeclareRefused, ClientSendError for a name that is too long, or the loss of the channel */
  async declareExchange(channel: Channel, spec: ExchangeSpec): Promise<void> {
    const { name, type, options } = spec;
    // amqplib throws while it writes the frame, and waits for the answer ever after: the channel is of no use then.
    assertName(name);
    await this.declare(
      exchangeResource(spec),
      () => channel.checkExchange(name),
      (found) => channel.assertExchange(name, type, { ...options, ...found }),
    );
  }

  /** Declares the queue under a name, and binds it. @throws as above */
  async declareQueue(channel: Channel, queue: QueueSpec, name = queue.name): Promise<void> {
    const { exchange, key } = queue;
    assertName(name);
    assertName(key);
    if (exchange) await this.declareExchange(channel, exchange);
    const options = this.queueOptions(queue);
    await this.declare(
      queueResource({ ...queue, name, options }),
      () => channel.checkQueue(name),
      (found) => channel.assertQueue(name, { ...options, ...found }),
    );
    if (queue.lasting) this.refuseTransient([exchange && `exchange "${exchange.name}"`, `queue "${name}"`]);
    if (exchange) await channel.bindQueue(name, exchange.name, key);
  }

  /**
   * Binds a queue whose binding may have been removed. AMQP does not tell whether it was there; the management API does.
   * @returns false where it is known to have been missing
   */
  async bindAgain(channel: Channel, { exchange, key }: QueueSpec, name: string): Promise<boolean> {
    if (!exchange) return true;
    // An API that does not answer is no reason to leave the queue unbound.
    const wasBound = await this.management?.isBound(exchange.name, name, key).catch(() => true);
    await channel.bindQueue(name, exchange.name, key);
    return wasBound ?? true;
  }

  /** A durable queue on a transient exchange would not do: their binding goes with the broker, and what is published until it is back. */
  private refuseTransient(things: readonly (string | undefined)[]): void {
    for (const thing of things) {
      const adoption = thing && this.adopted.get(thing);
      if (!adoption || flagsIn(adoption.differences).durable !== false) continue;
      throw new DeclareRefused(
        `The ${thing} is there already, and transient: what it holds is lost when the broker restarts, and delivery at least once was asked for. Delete it once all who declare it are set to amqp_durable_queues (rabbit.amqpDurableQueues), or choose another controlExchange or topic`,
      );
    }
  }

  /** Returns what a queue has in place of what was asked for, in RabbitMQ's words, where the broker has said so. */
  found(queue: string, argument: string): string | undefined {
    const adoption = this.adopted.get(`queue "${queue}"`);
    return adoption?.differences.find((difference) => difference.argument === argument)?.found;
  }

  /**
   * Python declares a queue as transient as the exchange that it found, so the next server on that queue would fail on
   * a durable one. Queues of other types than the classic one are always durable.
   */
  private queueOptions({ exchange, options }: QueueSpec): QueueSpec['options'] {
    const adoption = exchange && this.adopted.get(`exchange "${exchange.name}"`);
    const transient = adoption !== undefined && flagsIn(adoption.differences).durable === false;
    const classic = options.arguments?.['x-queue-type'] === undefined;
    return transient && classic ? { ...options, durable: false } : options;
  }

  /**
   * The broker names the first difference only. With that one granted, it names the next: a stream in place of a queue
   * is to be told whatever else is different.
   */
  private async declare(
    resource: Resource,
    check: () => Promise<unknown>,
    assert: (found: Flags) => Promise<unknown>,
  ): Promise<void> {
    const thing = `${resource.kind} "${resource.name}"`;
    const adoption = this.adopted.get(thing);
    try {
      await (adoption?.settled ? check() : assert(flagsIn(adoption?.differences ?? [])));
    } catch (error) {
      const code = replyCodeOf(error);
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
    const remedy = difference ? await this.explain(resource, [difference]) : remedyFor(replyCodeOf(error), resource);
    return new DeclareRefused(
      `The ${resource.kind} "${resource.name}" cannot be declared: ${error.message}. ${remedy}`,
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
        `The ${resource.kind} "${resource.name}" is there already, with other options than ours: ${others}. It is used as it is. ${explanation}`,
      ),
    );
  }

  /** What was asked for, what is there as far as it can be seen, and how they come to agree. */
  private async explain(resource: Resource, told: readonly Difference[]): Promise<string> {
    const { kind, asked } = resource;
    const wanted = `Asked for is ${describe(kind, asked)}`;
    const advice = adviceOn(resource, told);
    if (!this.management) return `${wanted}. ${advice}`;
    try {
      const present = await this.management.find(resource);
      if (!present) return `${wanted}; there is none now`;
      const all = differencesBetween(asked, present);
      return `${wanted}; there is ${describe(kind, present)}. ${all.length > 0 ? adviceOn(resource, all) : advice}`;
    } catch (error) {
      return `${wanted}; ${toError(error).message}. ${advice}`;
    }
  }
}

/** Arguments that can be granted without knowing their type. */
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
