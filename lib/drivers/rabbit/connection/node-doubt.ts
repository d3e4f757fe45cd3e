import { newScope } from '../../../core/async-scope.js';
import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import type { TransportHost } from '../../../core/transport-url.js';
import type { Connector, Link } from './connector.js';
import type { Failover } from './failover.js';
import { betterHost, Question } from './host-survey.js';
import { probeNode } from './probe-queue.js';
import { socketOf } from './socket.js';
import type { Standstill } from './standstill.js';

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

/** Time in milliseconds for any other host to answer, before the log says that none does. */
const SURVEYED_AFTER_MS = 1500;

/** Reason for the end of a connection whose node is cut off. The node may not notice the end, and keep the consumers. */
export class NodeCutOff extends Error {}

/**
 * Doubt in the node of a connection. A node that is cut off from its cluster answers its clients for a minute as if nothing
 * were, but confirms nothing that needs the others. Where it does not answer a question that does, it is left for one that
 * answers.
 */
export class NodeDoubt {
  private asking: Promise<boolean> | undefined;
  private surveying: AbortController | undefined;
  /** Number of hosts left in a row. */
  private left = 0;
  private leftAt = Number.NEGATIVE_INFINITY;

  /**
   * @param connector asks the other hosts
   * @param link returns the connection in use; undefined while there is none, or while an alarm explains every silence
   * @param standstill collects the nodes that owe an answer, also after their connections have ended
   */
  constructor(
    private readonly failover: Failover,
    private readonly connector: Connector,
    private readonly link: () => Link | undefined,
    private readonly standstill: Standstill,
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

  /** Goes on with a question that the connection before has not answered. */
  connected(): void {
    if (this.standstill.has(this)) void this.raise();
  }

  private async ask(link: Link): Promise<boolean> {
    const question = new Question(probeNode(link.model));
    await this.waitFor(question, link);
    let better: TransportHost | undefined;
    while (!better && !question.isSettled && isOpen(link)) better = await this.findBetter(link, question);
    this.asking = undefined;
    const { isSettled } = question;
    const inUse = this.link();
    // A node that could not do it in time has closed the connection, which is no answer.
    if (!isOpen(link)) {
      // Where the next connection was made meanwhile, it could not ask.
      if (inUse !== link) this.connected();
      return false;
    }
    // Otherwise an alarm explains the silence, or the survey of a connection to another host has found this one to answer.
    if (inUse !== link || isSettled || !better || better === link.host) {
      this.standstill.end(this, `${link.address} confirms again`);
      return inUse === link && isSettled;
    }
    this.left++;
    this.leftAt = performance.now();
    this.failover.suspect(link.host, better);
    return false;
  }

  /** Waits until the node has answered, or until the other hosts are to be asked. */
  private async waitFor(question: Question, { address }: Link): Promise<void> {
    const now = performance.now();
    if (now - this.leftAt > CALM_MS) this.left = 0;
    if (await question.within(DEGRADED_AFTER_MS)) return;
    this.standstill.begin(this, address, now);
    await question.within(backoffDelay(PATIENCE, this.left) - DEGRADED_AFTER_MS);
  }

  /** The connections of a transport share a survey, as they share the host. */
  private async findBetter({ address, host }: Link, question: Question): Promise<TransportHost | undefined> {
    const { connector, failover } = this;
    failover.survey ??= this.survey(failover.others(host), question, connector).finally(() => {
      failover.survey = undefined;
    });
    const timer = setTimeout(() => this.standstill.surveyed(this, address), SURVEYED_AFTER_MS);
    try {
      return await failover.survey;
    } finally {
      clearTimeout(timer);
    }
  }

  private survey(others: readonly TransportHost[], question: Question, connector: Connector) {
    this.surveying = new AbortController();
    return betterHost(question, others, (host, signal) => connector.probe(host, signal), this.surveying);
  }

  /** Ends the survey of the other hosts. Nothing is asked again. */
  close(): void {
    this.surveying?.abort();
    this.standstill.forget(this);
  }

  private leave(host: TransportHost): void {
    const link = this.link();
    if (link?.host !== host) return;
    this.surveying?.abort();
    this.standstill.end(this, 'Another host confirms');
    // With an error, because amqplib does not notice the end of the socket otherwise.
    socketOf(link.model)?.destroy(new NodeCutOff('the node answers nothing that needs its cluster'));
  }
}

/** Returns false for a connection that has ended, or was left. */
function isOpen({ model }: Link): boolean {
  return socketOf(model)?.destroyed === false;
}
