import {
  Counters,
  type Deadline,
  findRpcTopics,
  ManagementApi,
  ManagementStatus,
  type OsloMessagingOptions,
  type QueueStatus,
  RabbitConnection,
  type RpcTopic,
  type Settings,
  type Target,
  type TransportURL,
  toError,
} from '../../internal.js';
import { QuestionTransport } from '../question-transport.js';
import { type Depth, QueueDepths } from '../queue-depths.js';
import { RefusalProbe } from './refusal-probe.js';

/** Maximum number of queues of a virtual host that are looked at. */
const MAX_QUEUES = 10_000;

/** Reply code of AMQP. */
const NOT_FOUND = 404;

/** Names of queues that no server of a topic consumes by name. */
export const NO_TOPIC = /^reply_|_fanout(_|$)|\.dead$/;

type Bindings = Awaited<ReturnType<ManagementApi['bindingsOf']>>;

/** Maximum number of queues whose depths are asked for, those without consumers first. */
const MAX_DEPTHS = 2000;

/** Queue as the management API reports it, with its depth from the broker itself. */
export interface SeenQueue extends QueueStatus {
  /** False where the broker did not tell the depth: its numbers are then up to five seconds old. */
  readonly isExact: boolean;
}

/** Questions to servers. */
export interface ServerQuestions {
  /** Options of a transport for them. */
  readonly options: OsloMessagingOptions;
  /** True to ask in any case; false to ask only servers of topics that seem to hold requests. */
  readonly always: boolean;
  /** Returns true for a topic whose servers may be asked. */
  readonly mayAsk: (target: Target) => boolean;
}

/** Broker and targets of a diagnosis, for its checks. Answers that several checks need are asked for once. */
export class Scene {
  /** Undefined without `rabbit.managementUrl`. */
  readonly management: ManagementStatus | undefined;
  /** Connection to read by. */
  readonly reading: RabbitConnection;
  /** Probe on the connection that publishes: the broker stops reading it by an alarm. */
  readonly probe: RefusalProbe;
  private readonly publishing: RabbitConnection;
  /** Transport for questions to servers; undefined where none may be asked. */
  readonly asking: QuestionTransport | undefined;
  /** Exact depths of queues. */
  readonly depths: QueueDepths;
  private asked: Promise<readonly SeenQueue[]> | undefined;
  private askedTopics: Promise<readonly RpcTopic[]> | undefined;
  private alarmed: Promise<string | undefined> | undefined;

  constructor(
    readonly settings: Settings,
    readonly url: TransportURL,
    /** Topics to look at, each with its exchange. None for the whole virtual host. */
    readonly targets: readonly Target[],
    readonly deadline: Deadline,
    /** Undefined where no server may be asked. */
    readonly questions: ServerQuestions | undefined,
  ) {
    const context = { settings, counters: new Counters() };
    this.reading = new RabbitConnection(url, context, 'doctor');
    this.publishing = new RabbitConnection(url, context, 'doctor:publishing');
    this.depths = new QueueDepths(this.reading, deadline);
    this.probe = new RefusalProbe(this.publishing, deadline);
    this.asking = questions && new QuestionTransport(questions.options, deadline);
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new ManagementStatus(managementUrl, url, settings);
  }

  /** True where the whole virtual host is looked at. */
  get isWhole(): boolean {
    return this.targets.length === 0;
  }

  /**
   * Queues of the targets, or of the whole virtual host, with exact depths.
   * @throws Error when the management API cannot be asked
   */
  queues(): Promise<readonly SeenQueue[]> {
    this.asked ??= this.askQueues();
    return this.asked;
  }

  /** Topics of RPC of the virtual host, as its queues show them. @throws as {@link queues} */
  topics(): Promise<readonly RpcTopic[]> {
    this.askedTopics ??= this.askTopics();
    return this.askedTopics;
  }

  /** Queues of topics and of their servers, without those of fanouts, replies and dead letters. @throws as {@link queues} */
  async topicQueues(): Promise<readonly SeenQueue[]> {
    const queues = await this.queues();
    if (!this.isWhole) return queues.filter(({ name }) => !NO_TOPIC.test(name));
    const names = (await this.topics()).flatMap(({ topic, servers }) => [
      topic,
      ...servers.map(({ server }) => `${topic}.${server}`),
    ]);
    const known = new Set(names);
    return queues.filter(({ name }) => known.has(name));
  }

  /** Resolves with the words of the alarm by which the broker blocks publishers; with undefined where it does not. */
  alarm(): Promise<string | undefined> {
    this.alarmed ??= this.askAlarm();
    return this.alarmed;
  }

  /** Resolves with the messages and consumers of a queue; with undefined where it does not exist. @throws Error where the broker refuses */
  depthOf(queue: string): Promise<Depth | undefined> {
    return this.depths.of(queue);
  }

  /** Resolves with false where an exchange is missing; with true also where the broker does not say. */
  async hasExchange(exchange: string): Promise<boolean> {
    const model = await this.reading.acquire(this.deadline, 0);
    const channel = await model.createChannel();
    // The broker closes the channel where there is no exchange.
    channel.on('error', () => undefined);
    try {
      await channel.checkExchange(exchange);
    } catch (error) {
      return Reflect.get(toError(error), 'code') !== NOT_FOUND;
    }
    void channel.close().catch(() => undefined);
    return true;
  }

  /** Bindings of a queue; undefined without the management API. @throws Error when it cannot be asked */
  async bindingsOf(queue: string): Promise<Bindings | undefined> {
    const { managementUrl } = this.settings.rabbit;
    return managementUrl && new ManagementApi(managementUrl, this.url, this.settings).bindingsOf(queue);
  }

  /** Closes all connections. Resolves when no queue of its own is left in the broker, at the deadline at the latest. */
  async close(): Promise<void> {
    // Nothing is left of these, even if the process ends first.
    void Promise.allSettled([this.reading.close(), this.publishing.close()]);
    await this.asking?.close();
  }

  private async askQueues(): Promise<readonly SeenQueue[]> {
    const reported = await this.askReported();
    const isLonely = ({ consumers, ready }: QueueStatus) => Number(consumers === 0 && ready > 0);
    const names = reported
      .filter(({ name }) => !NO_TOPIC.test(name))
      .sort((one, other) => isLonely(other) - isLonely(one))
      .slice(0, MAX_DEPTHS)
      .map(({ name }) => name);
    const depths = await this.depths.all(names);
    return reported.flatMap((queue): SeenQueue[] => {
      if (!depths.has(queue.name)) return [{ ...queue, isExact: false }];
      const depth = depths.get(queue.name);
      // It was deleted meanwhile.
      return depth ? [{ ...queue, ...depth, isExact: true }] : [];
    });
  }

  private async askReported(): Promise<QueueStatus[]> {
    if (!this.management) return [];
    if (this.isWhole) return this.management.queues(MAX_QUEUES);
    const topics = [...new Set(this.targets.flatMap(({ topic }) => topic ?? []))];
    const found = await Promise.all(topics.map((topic) => this.management?.queuesOf(topic) ?? []));
    return found.flat();
  }

  private async askTopics(): Promise<readonly RpcTopic[]> {
    const { managementUrl } = this.settings.rabbit;
    if (managementUrl === undefined) return [];
    const api = new ManagementApi(managementUrl, this.url, this.settings);
    const [bindings, queues] = await Promise.all([api.allBindings(), this.queues()]);
    return findRpcTopics(bindings, new Map(queues.map(({ name, consumers }) => [name, consumers])));
  }

  private async askAlarm(): Promise<string | undefined> {
    const began = performance.now();
    let leave: () => void = () => undefined;
    const blocked = new Promise<string>((resolve) => {
      leave = this.publishing.onStatus((status) => {
        if (status === 'blocked') resolve(this.publishing.troubleFor(began)?.message ?? 'the broker blocks publishing');
      });
    });
    try {
      // The broker says so to a connection that publishes only.
      return await Promise.race([blocked, this.probe.read().then(() => undefined)]);
    } finally {
      leave();
    }
  }
}
