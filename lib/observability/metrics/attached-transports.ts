import { Gauge, type Registry } from 'prom-client';
import { type InstrumentedTransport, mergeHealth } from '../../internal.js';
import { BoundedValues } from './label-sets.js';
import type { MeasuredState } from './state-metrics.js';

/** Maximum number of values of the labels `queue` and `method`. */
const MAX_NAMES = 1000;

/** Random part of the name of a queue of fanout messages. Each start of a server makes another. */
const FANOUT_ID = /(_fanout)_[0-9a-f]{32}$/;

/** Transports that have the instrumentation, as long as they are open. */
export class AttachedTransports {
  private readonly transports = new Set<InstrumentedTransport>();
  private wasUsed = false;
  private readonly queues = new BoundedValues(MAX_NAMES);
  private readonly methods = new BoundedValues(MAX_NAMES);

  /** Adds a transport. Returns a function that removes it. */
  add(transport: InstrumentedTransport): () => void {
    this.wasUsed = true;
    this.transports.add(transport);
    return () => {
      this.transports.delete(transport);
    };
  }

  /** True once all transports are closed. */
  get isOver(): boolean {
    return this.wasUsed && this.transports.size === 0;
  }

  /** Returns the health of the transports of each kind and broker as one. */
  measured(): MeasuredState[] {
    const groups = new Map<string, InstrumentedTransport[]>();
    for (const transport of this.transports) {
      const key = JSON.stringify(labelsOf(transport));
      groups.set(key, [...(groups.get(key) ?? []), transport]);
    }
    return [...groups.values()].flatMap((group) => {
      const [first] = group;
      return first ? [{ labels: labelsOf(first), health: mergeHealth(group.map((one) => one.health())) }] : [];
    });
  }

  /** Registers the gauge of timeouts that have grown. */
  registerTimeouts(register: Registry, prefix: string): void {
    const { transports, methods } = this;
    new Gauge({
      name: `${prefix}rpc_client_backoff_timeout_seconds`,
      help: 'Timeout of calls of a method, while it is longer than at first because of timeouts',
      labelNames: ['transport', 'broker', 'method'],
      registers: [register],
      collect() {
        this.reset();
        for (const transport of transports) {
          for (const [method, seconds] of transport.grownTimeouts())
            this.set({ ...labelsOf(transport), method: methods.admit(method) }, seconds);
        }
      },
    });
  }

  /** Registers the gauge of the messages in consumed queues. A scrape asks the broker for them. */
  registerBacklog(register: Registry, prefix: string): void {
    const { transports, queues } = this;
    new Gauge({
      name: `${prefix}queue_messages`,
      help: 'Messages that wait in a consumed queue, for all of its consumers',
      labelNames: ['transport', 'broker', 'queue'],
      registers: [register],
      async collect() {
        const answers = await Promise.all(
          [...transports].map(async (transport) => ({ transport, depths: await transport.queueDepths() })),
        );
        this.reset();
        for (const { transport, depths } of answers) {
          for (const { queue, messages } of depths)
            this.set({ ...labelsOf(transport), queue: queues.admit(queue.replace(FANOUT_ID, '$1')) }, messages);
        }
      },
    });
  }
}

/** Only brokers with a name have the label `broker`. */
function labelsOf({ transport, name }: InstrumentedTransport): Readonly<Record<string, string>> {
  return { transport, ...(name !== undefined && { broker: name }) };
}
