import { topicsAt } from '../../inspect/index.js';
import {
  getRpcTransport,
  type OsloMessagingOptions,
  type RpcTopic,
  Target,
  type Transport,
  toError,
} from '../../internal.js';
import { AskedTopics } from '../asked-topics.js';
import { countedApis } from '../counted-apis.js';
import { DeadLetterAccess, type DeadLetterPlace } from '../dead-letters.js';
import { examine, ordered } from '../findings.js';
import { invoke } from '../invoke.js';
import type {
  CallRequest,
  CallResult,
  DeadLetters,
  FindingView,
  ReplayRequest,
  ReplayResult,
  ServerView,
  TopicView,
} from '../protocol.js';
import { BadRequest, type ExplorerSource, type Gauges, type SourceView, type TakenTraffic } from '../source.js';
import { countQueues, MAX_TOPICS, type QueuesByTopic, queuesByTopic, topicKey } from '../topic-facts.js';
import type { MethodCounts } from '../traffic/method-statistics.js';
import { transportView } from '../transport-view.js';
import { TappedTraffic } from './tapped-traffic.js';

/** Duration from which a call is slow, in milliseconds. */
const SLOW_MS = 1000;
/** Maximum number of servers of a topic that are shown. */
const MAX_SERVERS = 100;

/** Options of a {@link BrokerSource}. */
export interface BrokerSourceOptions {
  /** Options of the connection, with `rabbit.managementUrl` where it is known. */
  readonly broker: OsloMessagingOptions;
  /** Topics to look at. All of the virtual host where the management API is known. */
  readonly topics: readonly { readonly topic: string; readonly exchange: string }[];
}

/** Broker, seen from outside: by discovery, taps and the management API. */
export class BrokerSource implements ExplorerSource {
  readonly kind = 'broker';
  readonly title: string;
  readonly slowThreshold = SLOW_MS;
  private readonly transport: Transport;
  private readonly asked = new AskedTopics();
  private readonly traffic: TappedTraffic;
  private readonly deadLetters = new DeadLetterAccess(() => [this.place()]);
  private readonly hasManagement: boolean;
  private topics: readonly RpcTopic[];
  private queues: QueuesByTopic = new Map();
  /** Number of topics beyond {@link MAX_TOPICS}. */
  private hidden = 0;
  private findings: readonly FindingView[] = [];
  private findingsAt: number | null = null;
  private managementError: string | undefined;

  /** @throws ConfigurationError, InvalidTransportURL for wrong options */
  constructor(private readonly options: BrokerSourceOptions) {
    this.hasManagement = options.broker.rabbit?.managementUrl !== undefined;
    this.transport = getRpcTransport(options.broker);
    const { rpcResponseMaxTimeout } = this.transport.settings;
    this.traffic = new TappedTraffic(options.broker, this.hasManagement, SLOW_MS, rpcResponseMaxTimeout);
    this.topics = options.topics.map((one) => ({ ...one, servers: [] }));
    this.title = String(this.transport).replace(/^<Transport (.*)>$/, '$1');
  }

  get seen() {
    return this.traffic.seen;
  }

  get can(): ExplorerSource['can'] {
    return { dead: true, tap: this.traffic.problem === undefined, management: this.hasManagement };
  }

  view(): SourceView {
    return {
      notices: this.notices(),
      transports: [transportView(this.transport, undefined, 'rpc')],
      topics: this.topicViews(),
      timeouts: this.traffic.timeouts.views(),
      unknownMethods: this.traffic.unknown.all(),
      findings: this.findings,
      findingsAt: this.findingsAt,
    };
  }

  gauges(): Gauges {
    return { slots: null, pendingCalls: null, grownTimeouts: this.traffic.timeouts.views().length };
  }

  take(): TakenTraffic {
    return this.traffic.take();
  }

  watch(isWatched: boolean): void {
    this.traffic.watch(isWatched, this.servedFirst());
  }

  async refresh(): Promise<void> {
    await this.findTopics();
    this.traffic.follow(this.servedFirst());
    // The answers say whose servers the diagnosis may ask.
    const examined = this.askServers().then(() => {
      this.traffic.follow(this.servedFirst());
      return this.examineBroker();
    });
    await Promise.allSettled([examined, this.countQueues()]);
  }

  dead(): Promise<DeadLetters> {
    return this.deadLetters.read();
  }

  replay(request: ReplayRequest): Promise<ReplayResult> {
    return this.deadLetters.replay(request);
  }

  call(request: CallRequest): Promise<CallResult> {
    if ((request.transport ?? null) !== null) throw new BadRequest('transport: there is one broker, without a name');
    return invoke(this.transport, request);
  }

  async close(): Promise<void> {
    this.deadLetters.close();
    await Promise.all([this.traffic.close(), this.transport.cleanup()]);
  }

  /** Returns the topics, those with servers first. */
  private servedFirst(): readonly RpcTopic[] {
    const isServed = (topic: RpcTopic) => {
      const { servers = [], others = 0 } = this.asked.answers.get(topicKey(topic)) ?? {};
      return others > 0 || servers.length > 0 || topic.servers.some(({ isRunning }) => isRunning);
    };
    return [...this.topics].sort((one, other) => Number(isServed(other)) - Number(isServed(one)));
  }

  private topicViews(): TopicView[] {
    const counted = new Map<string, MethodCounts[]>();
    for (const counts of this.traffic.methods.all()) {
      const key = topicKey(counts.of);
      const ofTopic = counted.get(key);
      if (ofTopic) ofTopic.push(counts);
      else counted.set(key, [counts]);
    }
    return this.topics.map((topic) => this.topicView(topic, counted.get(topicKey(topic)) ?? []));
  }

  private topicView({ topic, exchange, servers }: RpcTopic, counted: readonly MethodCounts[]): TopicView {
    const answers = this.asked.answers.get(topicKey({ exchange, topic }));
    const found = answers?.servers ?? [];
    const names = new Set(found.map(({ name }) => name));
    const silent = servers.filter(({ server }) => !names.has(server)).map(unnamed);
    return {
      exchange,
      topic,
      transport: null,
      own: false,
      servers: [...found, ...silent].slice(0, MAX_SERVERS),
      others: servers.length > 0 ? 0 : (answers?.others ?? 0),
      apis: countedApis(answers?.apis ?? [], counted),
      queues: this.queues.get(topic) ?? [],
    };
  }

  private notices(): string[] {
    const { problem, untapped } = this.traffic;
    return [
      ...(this.hidden === 0
        ? []
        : [`Only the first ${MAX_TOPICS} of ${MAX_TOPICS + this.hidden} topics are shown: give --topic for another`]),
      ...(untapped === 0
        ? []
        : [`Live requests of ${untapped} more topics are not seen: give --topic for one of them`]),
      ...(this.hasManagement ? [] : ['Topics, queues, bindings and replies are not seen: give --management-url']),
      ...(this.managementError === undefined ? [] : [this.managementError]),
      ...(problem === undefined ? [] : [`Live requests are not seen: ${problem}`]),
    ];
  }

  private async findTopics(): Promise<void> {
    if (!this.hasManagement) return;
    try {
      const all = await topicsAt(this.options.broker);
      const given = new Set(this.options.topics.map(topicKey));
      const found = given.size === 0 ? all : all.filter((one) => given.has(topicKey(one)));
      const names = new Set(found.map(topicKey));
      const missing = this.options.topics.filter((one) => !names.has(topicKey(one)));
      const topics = [...found, ...missing.map((one) => ({ ...one, servers: [] }))];
      this.topics = topics.slice(0, MAX_TOPICS);
      this.hidden = topics.length - this.topics.length;
      this.managementError = undefined;
    } catch (error) {
      this.managementError = toError(error).message;
    }
  }

  private askServers(): Promise<void> {
    const { transport } = this;
    return this.asked.ask(this.topics.map(({ topic, exchange }) => ({ transport, topic, exchange })));
  }

  private async countQueues(): Promise<void> {
    const topics = this.topics.map(({ topic }) => topic);
    this.queues = queuesByTopic(await countQueues(this.options.broker, topics), topics);
  }

  private async examineBroker(): Promise<void> {
    const targets = this.topics.map(({ topic, exchange }) => new Target({ topic, exchange }));
    if (targets.length === 0 && !this.hasManagement) return;
    const examined = this.options.topics.length > 0 ? targets : [];
    this.findings = ordered(await examine(this.options.broker, examined, (target) => this.asked.mayAsk(target)));
    this.findingsAt = Date.now();
  }

  private place(): DeadLetterPlace {
    const topics = this.topics.map(({ topic, servers }) => ({ topic, servers: servers.map(({ server }) => server) }));
    return { transport: null, options: this.options.broker, topics };
  }
}

/** Returns a server that is known from the management API alone. */
function unnamed({ server, isRunning }: RpcTopic['servers'][number]): ServerView {
  return {
    name: server,
    state: isRunning ? 'unknown' : 'closed',
    library: null,
    version: null,
    runtime: null,
    host: null,
    since: null,
    lastSeen: null,
    slots: null,
  };
}
