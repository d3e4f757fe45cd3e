import {
  type Deadline,
  ManagementStatus,
  type QueueStatus,
  type RabbitConnection,
  type Settings,
  type Target,
  type TransportURL,
} from '../../internal.js';

/** Maximum number of queues of a virtual host that are looked at. */
const MAX_QUEUES = 10_000;

/** Broker and targets of a diagnosis, for its checks. Answers that several checks need are asked for once. */
export class Scene {
  /** Undefined without `rabbit.managementUrl`. */
  readonly management: ManagementStatus | undefined;
  private asked: Promise<readonly QueueStatus[]> | undefined;

  constructor(
    readonly settings: Settings,
    readonly url: TransportURL,
    /** Topics to look at, each with its exchange. None for the whole virtual host. */
    readonly targets: readonly Target[],
    /** Connection of the checks. It is lost to them once the broker has blocked it. */
    readonly connection: RabbitConnection,
    readonly deadline: Deadline,
  ) {
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new ManagementStatus(managementUrl, url, settings);
  }

  /** True where the whole virtual host is looked at. */
  get isWhole(): boolean {
    return this.targets.length === 0;
  }

  /** Queues of the targets, or of the whole virtual host. @throws Error when the management API cannot be asked */
  queues(): Promise<readonly QueueStatus[]> {
    this.asked ??= this.ask();
    return this.asked;
  }

  private async ask(): Promise<readonly QueueStatus[]> {
    if (!this.management) return [];
    if (this.isWhole) return this.management.queues(MAX_QUEUES);
    const topics = [...new Set(this.targets.flatMap(({ topic }) => topic ?? []))];
    const found = await Promise.all(topics.map((topic) => this.management?.queuesOf(topic) ?? []));
    return found.flat();
  }
}
