import type { ChannelModel } from 'amqplib';
import { newScope } from '../../../core/async-scope.js';
import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportHost } from '../../../core/transport-url.js';
import type { Link } from './connector.js';
import type { Failover } from './failover.js';
import { probeQueue } from './probe-queue.js';
import { socketOf } from './socket.js';

/** Time in milliseconds that an operation may take before its node is doubted. */
const DOUBT_AFTER_MS = 1500;
/** Time in milliseconds until it is doubted again because of the same operation. */
const NEXT_DOUBT_MS = 5000;

/** Time in milliseconds for an answer. It doubles with each host left: where several do not answer, the cluster elects. */
const PATIENCE: Backoff = { first: 1500, growth: 'doubling', cap: 30_000 };

/** Time in milliseconds since a host was left, after which the patience is the first again. */
const CALM_MS = 300_000;

/** Time in milliseconds without an answer after which the transport counts as degraded. */
const DEGRADED_AFTER_MS = 500;

/** Reason for the end of a connection whose node is cut off. The node may not notice the end, and keep the consumers. */
export class NodeCutOff extends Error {}

/**
 * Doubt in the node of a connection. A node that is cut off from its cluster answers its clients for a minute as if nothing
 * were, but confirms nothing that needs the others. Where it does not answer a question that does, it is left for another.
 */
export class NodeDoubt {
  /** Called when {@link isOpen} changes. */
  onChange: () => void = () => undefined;
  /** True while the node owes an answer. */
  isOpen = false;
  private asking: Promise<boolean> | undefined;
  /** Number of hosts left in a row. */
  private left = 0;
  private leftAt = Number.NEGATIVE_INFINITY;

  /** @param link returns the connection in use; undefined while there is none, or while an alarm explains every silence */
  constructor(
    private readonly failover: Failover,
    private readonly link: () => Link | undefined,
  ) {
    failover.onSuspect((host) => this.leave(host));
  }

  /**
   * Asks the node, and suspects it where it does not answer. Has no effect where there is no other host.
   * @returns true where the node has answered
   */
  async raise(): Promise<boolean> {
    const link = this.link();
    if (!link || this.failover.size < 2) return false;
    // The question is no part of the request that has waited, and of its async context.
    this.asking ??= newScope().runInAsyncScope(this.ask, this, link);
    return this.asking;
  }

  /**
   * Waits for the work, and raises the doubt while it takes long.
   * @param onAnswered called where the node answers although the work is not done
   */
  async over<T>(work: Promise<T>, onAnswered: () => void = () => undefined): Promise<T> {
    let isDone = false;
    let timer: NodeJS.Timeout;
    const doubt = async () => {
      if ((await this.raise()) && !isDone) onAnswered();
      if (!isDone) timer = setTimeout(doubt, NEXT_DOUBT_MS);
    };
    timer = setTimeout(doubt, DOUBT_AFTER_MS);
    try {
      return await work;
    } finally {
      isDone = true;
      clearTimeout(timer);
    }
  }

  private async ask(link: Link): Promise<boolean> {
    const isAnswered = await this.isAnswered(link.model);
    this.asking = undefined;
    this.open(false);
    if (isAnswered || this.link() !== link) return isAnswered;
    this.left++;
    this.leftAt = performance.now();
    this.failover.suspect(link.host);
    return false;
  }

  private async isAnswered(model: ChannelModel): Promise<boolean> {
    if (performance.now() - this.leftAt > CALM_MS) this.left = 0;
    const patience = backoffDelay(PATIENCE, this.left);
    let isAnswered = false;
    // A node cannot declare without the majority of its cluster. A refusal is an answer; a loss has its own event.
    const probe = probeQueue(model, { exclusive: true, durable: false }).catch(() => undefined);
    const question = probe.then(() => {
      isAnswered = true;
    });
    await settleWithin(question, DEGRADED_AFTER_MS);
    if (isAnswered) return true;
    this.open(true);
    await settleWithin(question, patience - DEGRADED_AFTER_MS);
    // After a blocked event loop the answer may have arrived, but not been read.
    await new Promise(setImmediate);
    return isAnswered;
  }

  private leave(host: TransportHost): void {
    const link = this.link();
    // With an error, because amqplib does not notice the end of the socket otherwise.
    if (link?.host === host)
      socketOf(link.model)?.destroy(new NodeCutOff('the node answers nothing that needs its cluster'));
  }

  private open(isOpen: boolean): void {
    if (this.isOpen === isOpen) return;
    this.isOpen = isOpen;
    this.onChange();
  }
}
