import type { Channel, ChannelModel } from 'amqplib';
import type { ChannelBudget } from '../connection/channel-budget.js';
import type { Declarer } from './declarer.js';
import { DeclaringChannels } from './declaring-channels.js';
import type { ExchangeSpec, QueueSpec } from './topology.js';

/** Maximum number of exchanges and queues that are remembered as declared. */
const MAX_DECLARED = 10_000;

/** Exchange and queue that must exist before a message is published. */
export interface Needs {
  readonly exchange: ExchangeSpec | undefined;
  /** Queue that is declared and bound first, so that the message is not lost. */
  readonly queue?: QueueSpec;
  /** True to declare the queue again even when it was declared before. */
  readonly redeclare?: boolean;
}

/**
 * Exchanges and queues that were declared on the current connection, each once. They are declared on channels of their own:
 * the broker closes a channel with a refusal, and the confirms of that channel are lost.
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
    return (
      (!exchange || declared.has(keyOf(exchange)) || declared.has(exchange.name)) &&
      (!queue || (!redeclare && declared.has(queueKey(queue))))
    );
  }

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declare(model: ChannelModel, { exchange, queue, redeclare }: Needs): Promise<void> {
    if (queue) {
      if (redeclare) this.forget(queue);
      await this.once(model, queueKey(queue), (channel) => this.declarer.declareQueue(channel, queue));
    }
    // An auto-delete exchange vanishes with its last queue. The next publish closes a channel, and it is declared again.
    if (exchange)
      await this.once(model, keyOf(exchange), (channel) => this.declarer.declareExchange(channel, exchange));
  }

  /** Forgets a queue that was deleted, so that it is declared again. */
  forget(queue: QueueSpec): void {
    this.declared.delete(queueKey(queue));
  }

  /** Forgets an exchange that vanished, so that it is declared again. */
  forgetExchange(name: string): void {
    this.declared.delete(name);
    this.declared.delete(keyOf({ name, passive: true }));
  }

  /** Forgets everything, for a new connection: transient exchanges and queues may have vanished. */
  restart(): void {
    this.generation++;
    this.declared.clear();
    this.declaring.clear();
  }

  /** Runs a declaration once for all messages that wait for it: on a new connection these may be thousands. */
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
    // A process that publishes to ever new topics must not remember all of them.
    if (declared.size >= MAX_DECLARED) declared.clear();
    declared.add(name);
  }
}

function queueKey({ name }: QueueSpec): string {
  return `queue ${name}`;
}

/** An exchange that was only looked for is not declared for those who declare it. */
function keyOf({ name, passive }: Pick<ExchangeSpec, 'name' | 'passive'>): string {
  return passive ? `existing ${name}` : name;
}
