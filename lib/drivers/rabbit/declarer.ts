import type { Channel } from 'amqplib';
import { LRUCache } from 'lru-cache';
import { type LogSink, oneLine } from '../../core/logger.js';
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

/** What RabbitMQ says of a declaration that differs from what is there. */
const INEQUIVALENT = /inequivalent arg '([^']+)'.*received (.+) but current is (.+?)"?$/;
/** Refusals that do not pass: no permission, in another's exclusive use, or contradictory. */
const REFUSALS: readonly unknown[] = [403, 405, 406];

interface Difference {
  readonly argument: string;
  readonly wanted: string;
  readonly found: string;
}

/**
 * Declares exchanges and queues. What somebody else has declared with other arguments is used as it is, as long as it
 * is there: services that share an exchange often differ in `durable`. One for each driver, which says it once.
 */
export class Declarer {
  private readonly adopted = new LRUCache<string, Difference>({ max: 1000 });

  constructor(private readonly logger: LogSink) {}

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declareExchange(channel: Channel, { name, type, options }: ExchangeSpec): Promise<void> {
    await this.declare(
      `exchange "${name}"`,
      () => channel.checkExchange(name),
      () => channel.assertExchange(name, type, options),
    );
  }

  /** Declares the queue under a name, and binds it. @throws as above */
  async declareQueue(channel: Channel, queue: QueueSpec, name = queue.name): Promise<void> {
    const { exchange, key } = queue;
    if (exchange) await this.declareExchange(channel, exchange);
    await this.declare(
      `queue "${name}"`,
      () => channel.checkQueue(name),
      () => channel.assertQueue(name, this.queueOptions(queue)),
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

  private async declare(thing: string, check: () => Promise<unknown>, assert: () => Promise<unknown>): Promise<void> {
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
      const difference = adoptable(error.message);
      if (!difference) throw new DeclareRefused(`The ${thing} cannot be declared: ${error.message}`, { cause: error });
      this.adopt(thing, difference);
      throw new DeclareAgain(`The ${thing} differs in ${difference.argument}`, error);
    }
  }

  private adopt(thing: string, difference: Difference): void {
    // Several declarations may have been under way at once.
    if (this.adopted.has(thing)) return;
    this.adopted.set(thing, difference);
    const { argument, wanted, found } = difference;
    this.logger.warn(
      oneLine(
        `The ${thing} is there already, with other options than ours: ${argument} is ${found}, not ${wanted}. It is used as it is`,
      ),
    );
  }
}

/** What differs, if one can do with it: neither another kind of exchange nor a stream instead of a queue. */
function adoptable(message: string): Difference | undefined {
  const [, argument = '', wanted = '', found = ''] = INEQUIVALENT.exec(message) ?? [];
  const otherKind = argument === 'type' || (argument === 'x-queue-type' && /'stream'/.test(wanted + found));
  return argument === '' || otherKind ? undefined : { argument, wanted, found };
}
