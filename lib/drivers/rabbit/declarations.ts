import type { Channel } from 'amqplib';
import type { Declarer } from './declarer.js';
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

/** What has been declared on one channel, to declare it once. */
export class Declarations {
  private readonly declared = new Set<string>();
  private readonly declaring = new Map<string, Promise<void>>();

  constructor(
    private readonly channel: Channel,
    private readonly declarer: Declarer,
  ) {}

  have({ exchange, queue, redeclare }: Needs): boolean {
    const { declared } = this;
    return (!exchange || declared.has(exchange.name)) && (!queue || (!redeclare && declared.has(keyOf(queue))));
  }

  /** @throws DeclareAgain, DeclareRefused, or the loss of the channel */
  async declare({ exchange, queue, redeclare }: Needs): Promise<void> {
    if (queue) {
      if (redeclare) this.forget(queue);
      await this.once(keyOf(queue), () => this.declarer.declareQueue(this.channel, queue));
    }
    // An auto-delete exchange may go with its last queue; then the publish closes this channel, and it is made again.
    if (exchange) await this.once(exchange.name, () => this.declarer.declareExchange(this.channel, exchange));
  }

  /** Has a queue declared again that somebody deleted. */
  forget(queue: QueueSpec): void {
    this.declared.delete(keyOf(queue));
  }

  /** Together for all who wait: on a new channel these may be thousands, and a declaration takes the way there and back. */
  private async once(name: string, work: () => Promise<void>): Promise<void> {
    if (this.declared.has(name)) return;
    let running = this.declaring.get(name);
    if (!running) {
      running = work().finally(() => this.declaring.delete(name));
      this.declaring.set(name, running);
    }
    await running;
    // Forgotten now and then, so that whoever speaks to ever new topics does not remember them for ever.
    if (this.declared.size >= MOST_DECLARED) this.declared.clear();
    this.declared.add(name);
  }
}

function keyOf({ name }: QueueSpec): string {
  return `queue ${name}`;
}
