import type { ModulesContainer } from '@nestjs/core';
import { getRpcTransport, type OsloMessagingOptions, Target, type Transport } from '../../internal.js';
import type { OsloMessagingApplication } from '../../internal-nest.js';
import { AskedTopics } from '../asked-topics.js';
import { DeadLetterAccess, type DeadLetterPlace } from '../dead-letters.js';
import { examine, ordered } from '../findings.js';
import { invoke } from '../invoke.js';
import type { ExplorerConfig } from '../options.js';
import type {
  CallRequest,
  CallResult,
  DeadLetters,
  FindingView,
  ReplayRequest,
  ReplayResult,
  TopicView,
} from '../protocol.js';
import { BadRequest, type ExplorerSource, type Gauges, type SourceView, type TakenTraffic } from '../source.js';
import type { QueuesByTopic } from '../topic-facts.js';
import { TrafficRecorder } from '../traffic/traffic-recorder.js';
import { timeoutViews, transportView } from '../transport-view.js';
import { type ApplicationTopics, type KnownBroker, readTopics } from './application-topics.js';
import { countedQueues } from './counted-queues.js';
import { topicViews } from './known-topics.js';
import { Observers } from './observers.js';

/** Application, seen from within. */
export class ApplicationSource implements ExplorerSource {
  readonly kind = 'application';
  readonly slowThreshold: number;
  private readonly recorder: TrafficRecorder;
  private readonly observers: Observers;
  private readonly asked = new AskedTopics();
  private readonly started = Date.now();
  private readonly closing = new AbortController();
  private readonly questions = new Map<string | null, Transport>();
  private readonly deadLetters = new DeadLetterAccess(() => this.deadLetterPlaces());
  private known: ApplicationTopics | undefined;
  private queues: QueuesByTopic = new Map();
  private findings: readonly FindingView[] = [];
  private findingsAt: number | null = null;
  private managementError: string | undefined;

  constructor(
    private readonly application: OsloMessagingApplication,
    private readonly container: ModulesContainer,
    private readonly config: ExplorerConfig,
  ) {
    this.slowThreshold = config.slowThreshold;
    this.recorder = new TrafficRecorder(config);
    this.observers = new Observers(this.recorder);
    this.observers.follow(application.transports().keys());
  }

  get title(): string {
    const [first] = this.brokers;
    return this.config.title ?? first?.rpc.topic ?? first?.rpc.host ?? 'application';
  }

  get seen() {
    return this.recorder.seen;
  }

  get can(): ExplorerSource['can'] {
    const brokers = this.rabbitOptions();
    const management = brokers.some(({ options }) => options.rabbit?.managementUrl !== undefined);
    return { dead: brokers.length > 0, tap: false, management };
  }

  view(): SourceView {
    const transports = [...this.application.transports()];
    return {
      notices: this.notices(),
      transports: transports.map(([transport, { broker, kind }]) => transportView(transport, broker, kind)),
      topics: this.topics(),
      timeouts: transports.flatMap(([transport, { broker }]) => timeoutViews(transport, broker)),
      unknownMethods: this.recorder.unknown.all(),
      findings: this.findings,
      findingsAt: this.findingsAt,
    };
  }

  gauges(): Gauges {
    const healths = [...this.application.transports().keys()].map((transport) => transport.health());
    const sum = (part: (health: (typeof healths)[number]) => number) =>
      healths.reduce((all, one) => all + part(one), 0);
    return {
      slots: { used: sum(({ inWork }) => inWork), limit: sum(({ slots }) => slots) },
      pendingCalls: sum(({ pendingCalls }) => pendingCalls),
      grownTimeouts: this.grownTimeouts(),
    };
  }

  take(): TakenTraffic {
    // Servers can be connected at any time.
    this.observers.follow(this.application.transports().keys());
    return { ...this.recorder.take(), lost: 0 };
  }

  watch(isWatched: boolean): void {
    this.recorder.watched = isWatched;
  }

  async refresh(): Promise<void> {
    // The answers say whose servers the diagnosis may ask.
    const examined = this.askServers().then(() => this.examineBrokers());
    await Promise.allSettled([examined, this.countQueues()]);
  }

  dead(): Promise<DeadLetters> {
    return this.deadLetters.read();
  }

  replay(request: ReplayRequest): Promise<ReplayResult> {
    return this.deadLetters.replay(request);
  }

  call(request: CallRequest): Promise<CallResult> {
    const { transport: name = null } = request;
    const owner = this.application.owners.find((one) => (one.name ?? null) === name);
    if (!owner) throw new BadRequest(`transport: there is no broker of the name ${JSON.stringify(name)}`);
    return invoke(owner.rpc, request);
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.deadLetters.close();
    this.observers.close();
    await Promise.all([...this.questions.values()].map((one) => one.cleanup()));
  }

  private get brokers(): KnownBroker[] {
    return this.application.owners.map(({ name, rpc, notifications }) => ({
      name,
      rpc: rpc.settings,
      notifications: notifications.settings,
    }));
  }

  private topics(): TopicView[] {
    // Handlers are complete when the application has started, which is before this is asked for.
    this.known ??= readTopics(this.container, this.brokers);
    return topicViews({
      known: this.known,
      counted: [...this.recorder.methods.all()],
      servers: this.application.servers,
      started: this.started,
      asked: this.asked.answers,
      queues: this.queues,
    });
  }

  private notices(): string[] {
    const { rabbit, management } = { rabbit: this.rabbitOptions().length > 0, management: this.can.management };
    return [
      ...(rabbit && !management
        ? ['Queues have no counts of their consumers, and bindings are not checked: set managementUrl']
        : []),
      ...(this.managementError === undefined ? [] : [this.managementError]),
      ...(this.config.discovery ? [] : ['Other servers are not asked what they serve: set discovery']),
    ];
  }

  private grownTimeouts(): number {
    return [...this.application.transports().keys()].reduce((sum, one) => sum + one.grownTimeouts().size, 0);
  }

  /** Returns the options of the brokers that are RabbitMQ. */
  private rabbitOptions() {
    return this.allOptions().filter(({ rpc }) => rpc.broker === 'rabbit');
  }

  /** Returns the options of the brokers, with the management API that the explorer was given. */
  private allOptions(): { name: string | null; rpc: Transport; options: OsloMessagingOptions }[] {
    const managementUrl = this.config.managementUrl?.expose();
    return this.application.owners.map(({ name, rpc, options }) => {
      const own = options.expose();
      const rabbit = { ...own.rabbit, ...(managementUrl !== undefined && { managementUrl }) };
      // The explorer's own questions are not the application's traffic.
      const quiet = { instrumentation: [], clientInterceptors: [], logger: SILENT };
      return { name: name ?? null, rpc, options: { ...own, ...quiet, rabbit } };
    });
  }

  /** Returns the transport for the explorer's questions: those of the application would count them. */
  private questionsTo(name: string | null, options: OsloMessagingOptions): Transport {
    const known = this.questions.get(name) ?? getRpcTransport(options);
    this.questions.set(name, known);
    return known;
  }

  private async askServers(): Promise<void> {
    if (!this.config.discovery || this.closing.signal.aborted) return;
    const asking = new Map(this.allOptions().map(({ name, options }) => [name, options]));
    const askable = this.topics().flatMap(({ exchange, topic, transport }) => {
      const options = asking.get(transport);
      return options ? [{ transport: this.questionsTo(transport, options), exchange, topic }] : [];
    });
    await this.asked.ask(askable);
  }

  private async countQueues(): Promise<void> {
    const topics = this.topics().map(({ topic }) => topic);
    const transports = [...this.application.transports().keys()];
    const { queues, error } = await countedQueues(this.rabbitOptions(), transports, topics);
    this.queues = queues;
    this.managementError = error;
  }

  private async examineBrokers(): Promise<void> {
    if (!this.config.diagnosis) return;
    const topics = this.topics();
    const found = await Promise.all(
      this.rabbitOptions().map(({ name, options }) => {
        const targets = topics
          .filter(({ transport }) => transport === name)
          .map(({ exchange, topic, own }): Target => {
            const server = own ? this.hostOf(name) : undefined;
            return new Target({ exchange, topic, server });
          });
        return targets.length === 0
          ? []
          : examine(options, targets, (target) => this.config.discovery && this.asked.mayAsk(target));
      }),
    );
    this.findings = ordered(found.flat());
    this.findingsAt = Date.now();
  }

  private hostOf(name: string | null): string | undefined {
    return this.brokers.find((one) => (one.name ?? null) === name)?.rpc.host;
  }

  private deadLetterPlaces(): DeadLetterPlace[] {
    const topics = this.topics();
    return this.rabbitOptions().map(({ name, options }) => ({
      transport: name,
      options,
      topics: topics
        .filter(({ transport }) => transport === name)
        .map(({ topic, servers }) => ({ topic, servers: servers.map((server) => server.name) })),
    }));
  }
}

const nothing = () => undefined;
const SILENT = { debug: nothing, log: nothing, warn: nothing, error: nothing };
