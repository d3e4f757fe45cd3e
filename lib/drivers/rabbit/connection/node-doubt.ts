import { newScope } from '../../../core/async-scope.js';
import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import type { TransportHost } from '../../../core/transport-url.js';
import type { Connector, Link } from './connector.js';
import type { Failover } from './failover.js';
import { betterHost, Question } from './host-survey.js';
import { probeNode } from './probe-queue.js';
import { socketOf } from './socket.js';

/** Time in milliseconds that an operation may take before its node is doubted. */
const DOUBT_AFTER_MS = 1500;
/** Time in milliseconds until it is doubted again because of the same operation. */
const NEXT_DOUBT_MS = 5000;

/**
 * Time in milliseconds for an answer before the other hosts are asked. It doubles with each host left, for a cluster that
 * is overloaded.
 */
const PATIENCE: Backoff = { first: 1500, growth: 'doubling', cap: 30_000 };

/** Time in milliseconds since a host was left, after which the patience is the first again. */
const CALM_MS = 300_000;

/** Time in milliseconds without an answer after which the transport counts as degraded. */
const DEGRADED_AFTER_MS = 500;

/** Reason for the end of a connection whose node is cut off. The node may not notice the end, and keep the consumers. */
export class NodeCutOff extends Error {}

/**
 * Doubt in the node of a connection. A node that is cut off from its cluster answers its clients for a minute as if nothing
 * were, but confirms nothing that needs the others. Where it does not answer a question that does, it is left for one that
 * answers.
 */
export class NodeDoubt {
  /** Called when {@link isOpen} changes. */
  onChange: () => void = () => undefined;
  /** True while the node owes an answer. */
  isOpen = false;
  private asking: Promise<boolean> | undefined;
  private surveying: AbortController | undefined;
  /** Number of hosts left in a row. */
  private left = 0;
  private leftAt = Number.NEGATIVE_INFINITY;

  /**
   * @param connector asks the other hosts
   * @param link returns the connection in use; undefined while there is none, or while an alarm explains every silence
   */
  constructor(
    private readonly failover: Failover,
    private readonly connector: Connector,
    private readonly link: () => Link | undefined,
  ) {
    failover.onSuspect((host) => this.leave(host));
  }

  /**
   * Asks the node. Suspects it where it does not answer and another does; while none does, the cluster elects, and no other
   * is better. Has no effect where there is no other host.
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
    const question = new Question(probeNode(link.model));
    const better = (await this.isAnswered(question)) ? undefined : await this.findBetter(link, question);
    this.asking = undefined;
    this.open(false);
    // The survey may be that of a connection to another host.
    if (!better || better === link.host || this.link() !== link) return question.isAnswered;
    this.left++;
    this.leftAt = performance.now();
    this.failover.suspect(link.host, better);
    return false;
  }

  private async isAnswered(question: Question): Promise<boolean> {
    if (performance.now() - this.leftAt > CALM_MS) this.left = 0;
    if (await question.within(DEGRADED_AFTER_MS)) return true;
    this.open(true);
    return question.within(backoffDelay(PATIENCE, this.left) - DEGRADED_AFTER_MS);
  }

  /** The connections of a transport share a survey, as they share the host. */
  private findBetter({ host }: Link, question: Question): Promise<TransportHost | undefined> {
    const { connector, failover } = this;
    failover.survey ??= this.survey(failover.others(host), question, connector).finally(() => {
      failover.survey = undefined;
    });
    return failover.survey;
  }

  private survey(others: readonly TransportHost[], question: Question, connector: Connector) {
    this.surveying = new AbortController();
    return betterHost(question, others, (host, signal) => connector.probe(host, signal), this.surveying);
  }

  /** Ends the survey of the other hosts. */
  close(): void {
    this.surveying?.abort();
  }

  private leave(host: TransportHost): void {
    const link = this.link();
    if (link?.host !== host) return;
    this.close();
    // With an error, because amqplib does not notice the end of the socket otherwise.
    socketOf(link.model)?.destroy(new NodeCutOff('the node answers nothing that needs its cluster'));
  }

  private open(isOpen: boolean): void {
    if (this.isOpen === isOpen) return;
    this.isOpen = isOpen;
    this.onChange();
  }
}
