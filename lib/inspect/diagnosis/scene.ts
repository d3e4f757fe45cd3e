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
} from '../../internal.js';
import { RefusalProbe } from './refusal-probe.js';

/** Maximum number of queues of a virtual host that are looked at. */
const MAX_QUEUES = 10_000;

/** Names of queues that no server of a topic consumes by name. */
const NO_TOPIC = /_fanout(_|$)|\.dead$/;

/** Messages that wait in a queue, and its consumers. */
export interface Depth {
  readonly ready: number;
  readonly consumers: number;
}

/** Questions to servers. */
export interface Questions {
  /** Options for a transport. */
  readonly options: OsloMessagingOptions;
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
  private asked: Promise<readonly QueueStatus[]> | undefined;
  private askedTopics: Promise<readonly RpcTopic[]> | undefined;
  private alarmed: Promise<string | undefined> | undefined;

  constructor(
    readonly settings: Settings,
    readonly url: TransportURL,
    /** Topics to look at, each with its exchange. None for the whole virtual host. */
    readonly targets: readonly Target[],
    readonly deadline: Deadline,
    /** Questions to servers; undefined where none is to be asked. */
    readonly questions: Questions | undefined,
  ) {
    const context = { settings, counters: new Counters() };
    this.reading = new RabbitConnection(url, context, 'doctor');
    this.publishing = new RabbitConnection(url, context, 'doctor:publishing');
    this.probe = new RefusalProbe(this.publishing, deadline);
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new ManagementStatus(managementUrl, url, settings);
  }

  /** True where the whole virtual host is looked at. */
  get isWhole(): boolean {
    return this.targets.length === 0;
  }

  /** Queues of the targets, or of the whole virtual host. @throws Error when the management API cannot be asked */
  queues(): Promise<readonly QueueStatus[]> {
    this.asked ??= this.askQueues();
    return this.asked;
  }

  /** Topics of RPC of the virtual host, as its queues show them. @throws as {@link queues} */
  topics(): Promise<readonly RpcTopic[]> {
    this.askedTopics ??= this.askTopics();
    return this.askedTopics;
  }

  /** Queues of topics and of their servers, without those of fanouts, replies and dead letters. @throws as {@link queues} */
  async topicQueues(): Promise<readonly QueueStatus[]> {
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

  /** Resolves with the messages and consumers of a queue; with undefined where it does not exist. */
  async depthOf(queue: string): Promise<Depth | undefined> {
    const model = await this.reading.acquire(this.deadline, 0);
    const channel = await model.createChannel();
    // The broker closes the channel where there is no queue.
    channel.on('error', () => undefined);
    const found = await channel.checkQueue(queue).catch(() => undefined);
    if (!found) return undefined;
    void channel.close().catch(() => undefined);
    return { ready: found.messageCount, consumers: found.consumerCount };
  }

  async close(): Promise<void> {
    await Promise.all([this.reading.close(), this.publishing.close()]);
  }

  private async askQueues(): Promise<readonly QueueStatus[]> {
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
