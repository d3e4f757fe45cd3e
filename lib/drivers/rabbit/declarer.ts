import type { Channel } from 'amqplib';
import { LRUCache } from 'lru-cache';
import { toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import type { TransportURL } from '../../core/transport-url.js';
import { adviceOn, type Difference, differenceIn, differencesBetween, isUsable, remedyFor } from './conflict.js';
import { Management } from './management.js';
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

/** Refusals that do not pass: no permission, in another's exclusive use, or contradictory. */
const REFUSALS: readonly unknown[] = [403, 405, 406];

/**
 * Declares exchanges and queues. What somebody else has declared with other arguments is used as it is, as long as it
 * is there and the options do not say otherwise: services that share an exchange often differ in `durable`. One for
 * each driver, which says it once.
 */
export class Declarer {
  private readonly adopted = new LRUCache<string, Difference>({ max: 1000 });
  private readonly management: Management | undefined;

  constructor(
    private readonly settings: Settings,
    url: TransportURL,
  ) {
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new Management(managementUrl, url, settings.rabbit);
  }

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declareExchange(channel: Channel, spec: ExchangeSpec): Promise<void> {
    const { name, type, options } = spec;
    await this.declare(
      exchangeResource(spec),
      () => channel.checkExchange(name),
      () => channel.assertExchange(name, type, options),
    );
  }

  /** Declares the queue under a name, and binds it. @throws as above */
  async declareQueue(channel: Channel, queue: QueueSpec, name = queue.name): Promise<void> {
    const { exchange, key } = queue;
    if (exchange) await this.declareExchange(channel, exchange);
    const options = this.queueOptions(queue);
    await this.declare(
      queueResource({ ...queue, name, options }),
      () => channel.checkQueue(name),
      () => channel.assertQueue(name, options),
    );
    if (exchange) await channel.bindQueue(name, exchange.name, key);
  }

  /**
   * Python declares a queue as transient as the exchange that it found, so the next server on that queue would fail on
   * a durable one. Queues of other types than the classic one are always durable.
   */
  private queueOptions({ exchange, options }: QueueSpec): QueueSpec['options'] {
    const difference = exchange && this.adopted.get(`exchange "${exchange.name}"`);
    const transient = difference?.argument === 'durable' && difference.found === "'false'";
    const classic = options.arguments?.['x-queue-type'] === undefined;
    return transient && classic ? { ...options, durable: false } : options;
  }

  private async declare(
    resource: Resource,
    check: () => Promise<unknown>,
    assert: () => Promise<unknown>,
  ): Promise<void> {
    const thing = `${resource.kind} "${resource.name}"`;
    const adopted = this.adopted.has(thing);
    try {
      await (adopted ? check() : assert());
    } catch (error) {
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
      if (adopted && code === 404) {
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
  }

  private async refusal(resource: Resource, error: Error, difference: Difference | undefined): Promise<DeclareRefused> {
    const remedy = difference
      ? await this.explain(resource, difference)
      : remedyFor(Reflect.get(error, 'code'), resource);
    return new DeclareRefused(
      `The ${resource.kind} "${resource.name}" cannot be declared: ${error.message}. ${remedy}`,
      { cause: error },
    );
  }

  private async adopt(resource: Resource, thing: string, difference: Difference): Promise<void> {
    // Several declarations may have been under way at once.
    if (this.adopted.has(thing)) return;
    this.adopted.set(thing, difference);
    const { argument, wanted, found } = difference;
    const explanation = await this.explain(resource, difference);
    this.settings.logger.warn(
      oneLine(
        `The ${thing} is there already, with other options than ours: ${argument} is ${found}, not ${wanted}. It is used as it is. ${explanation}`,
      ),
    );
  }

  /** What was asked for, what is there as far as it can be seen, and how they come to agree. */
  private async explain(resource: Resource, first: Difference): Promise<string> {
    const { kind, asked } = resource;
    const wanted = `Asked for is ${describe(kind, asked)}`;
    const advice = adviceOn(resource, [first]);
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
