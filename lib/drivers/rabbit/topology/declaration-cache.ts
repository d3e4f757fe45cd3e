import type { Channel, ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';
import type { Declarer } from './declarer.js';
import { DeclaringChannels } from './declaring-channels.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';

/** Exchanges and queues that are remembered as declared. */
const MOST_DECLARED = 10_000;

/** What a message needs to be there before it is published. */
export interface Needs {
  readonly exchange: ExchangeSpec | undefined;
  /** Declared and bound first, so that the message has a place to stay. */
  readonly queue?: QueueSpec;
  /** Declare the queue even if it was declared before. */
  readonly redeclare?: boolean;
}

/**
 * Exchanges and queues that were declared on the current connection, each once. They are declared on channels apart: the
 * broker closes a channel for what it refuses, and with it goes all that is unconfirmed there.
 */
export class DeclarationCache {
  private readonly declared = new Set<string>();
  private readonly declaring = new Map<string, Promise<void>>();
  private readonly channels: DeclaringChannels;
  private generation = 0;

  constructor(
    private readonly declarer: Declarer,
    budget: ChannelBudget,
  ) {
    this.channels = new DeclaringChannels(budget);
  }

  have({ exchange, queue, redeclare }: Needs): boolean {
    const { declared } = this;
    return (!exchange || declared.has(exchange.name)) && (!queue || (!redeclare && declared.has(keyOf(queue))));
  }

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declare(model: ChannelModel, { exchange, queue, redeclare }: Needs): Promise<void> {
    if (queue) {
      if (redeclare) this.forget(queue);
      await this.once(model, keyOf(queue), (channel) => this.declarer.declareQueue(channel, queue));
    }
    // An auto-delete exchange may go with its last queue; then publishing closes a channel, and it is declared again.
    if (exchange) await this.once(model, exchange.name, (channel) => this.declarer.declareExchange(channel, exchange));
  }

  /** Has a queue declared again that somebody deleted. */
  forget(queue: QueueSpec): void {
    this.declared.delete(keyOf(queue));
  }

  /** Has an exchange declared again that is gone. */
  forgetExchange(name: string): void {
    this.declared.delete(name);
  }

  /** Begins with a new connection: what is transient may be gone. */
  restart(): void {
    this.generation++;
    this.declared.clear();
    this.declaring.clear();
  }

  /** Together for all who wait: on a new connection these may be thousands, and a declaration takes a round trip. */
  private async once(model: ChannelModel, name: string, work: (channel: Channel) => Promise<void>): Promise<void> {
    const { declared, declaring, generation } = this;
    if (declared.has(name)) return;
    const running = declaring.get(name) ?? this.channels.use(model, work);
    declaring.set(name, running);
    try {
      await running;
    } finally {
      if (declaring.get(name) === running) declaring.delete(name);
    }
    if (generation !== this.generation) return;
    // Forgotten now and then, so that whoever speaks to ever new topics does not remember them for ever.
    if (declared.size >= MOST_DECLARED) declared.clear();
    declared.add(name);
  }
}

function keyOf({ name }: QueueSpec): string {
  return `queue ${name}`;
}
