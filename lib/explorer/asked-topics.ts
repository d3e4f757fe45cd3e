import { SchemaBook, serverMethods } from '../asyncapi/for-explorer.js';
import { Deadline, discoverServers, Target, type Transport } from '../internal.js';
import { apisOf } from './method-views.js';
import type { ApiView, ServerView } from './protocol.js';
import { discoveredServer, topicKey } from './topic-facts.js';

/** Time to wait for the answers, in seconds. */
const TIMEOUT = 1;
/** Maximum number of topics that are asked at the same time. Of more, those that were asked the longest ago. */
const MAX_TOPICS = 30;
/** Longest time of asking, in milliseconds. */
const LIMIT_MS = 2000;
/** Interval of questions to a topic, in milliseconds. */
const EVERY_MS = 30_000;
/** The same for a topic of which no server knows discovery: each of them in Python logs a line. */
const EVERY_WITHOUT_ANSWERS_MS = 600_000;
/** Time after which a server that answers no more is forgotten, in milliseconds. */
const SILENT_MS = 600_000;
/** Maximum number of those of a topic: with names of containers, each start has another one. */
const MAX_SILENT = 50;

/** Answers of a topic: servers, and their methods. */
export interface AskedTopic {
  readonly servers: readonly ServerView[];
  /** Number of servers that do not say their names. */
  readonly others: number;
  readonly apis: readonly ApiView[];
}

/** Topic to ask. */
export interface AskableTopic {
  readonly transport: Transport;
  readonly exchange: string;
  readonly topic: string;
}

/** Answers of other servers to discovery. */
export class AskedTopics {
  readonly answers = new Map<string, AskedTopic>();
  private readonly dueAt = new Map<string, number>();
  /** Topics whose answers are awaited. */
  private readonly asking = new Set<string>();

  /** Returns false for a topic with servers that do not know discovery: each of them in Python logs a line for a question. */
  mayAsk({
    exchange = '',
    topic = '',
  }: {
    readonly exchange?: string | undefined;
    readonly topic?: string | undefined;
  }) {
    return (this.answers.get(topicKey({ exchange, topic }))?.others ?? 0) === 0;
  }

  /** Asks the topics that are due. Never rejects, and ends within {@link LIMIT_MS}: later answers are kept when they come. */
  async ask(topics: readonly AskableTopic[]): Promise<void> {
    const now = performance.now();
    this.forget(new Set(topics.map(topicKey)));
    const dueAt = (topic: AskableTopic) => this.dueAt.get(topicKey(topic)) ?? 0;
    const isDue = (topic: AskableTopic) => dueAt(topic) <= now && !this.asking.has(topicKey(topic));
    const due = topics.filter(isDue).sort((one, other) => dueAt(one) - dueAt(other));
    const asked = Promise.all(due.slice(0, MAX_TOPICS).map((one) => this.askOne(one)));
    // A broker that cannot be reached keeps a question for a minute.
    await Deadline.after(LIMIT_MS)
      .race(asked, () => new Error('late'))
      .catch(() => undefined);
  }

  /** Forgets the topics that are gone. */
  private forget(known: ReadonlySet<string>): void {
    for (const key of this.dueAt.keys()) {
      if (known.has(key)) continue;
      this.dueAt.delete(key);
      this.answers.delete(key);
    }
  }

  private async askOne({ transport, exchange, topic }: AskableTopic): Promise<void> {
    const key = topicKey({ exchange, topic });
    this.dueAt.set(key, performance.now() + EVERY_MS);
    this.asking.add(key);
    try {
      const target = new Target({ exchange, topic });
      const { servers, others } = await discoverServers(transport, target, { timeout: TIMEOUT });
      if (servers.length === 0 && others > 0) this.dueAt.set(key, performance.now() + EVERY_WITHOUT_ANSWERS_MS);
      const book = new SchemaBook();
      const methods = servers.flatMap((server) => serverMethods(server, book));
      const found = servers.map(discoveredServer);
      const silent = this.silentOf(key, found);
      this.answers.set(key, { servers: [...found, ...silent], others, apis: apisOf(methods, book, () => null) });
    } catch {
      // An unreachable broker is shown by its transport. The last answers stay.
      const known = this.answers.get(key);
      if (known) this.answers.set(key, { ...known, servers: known.servers.map(silenced) });
    } finally {
      this.asking.delete(key);
    }
  }

  /** Returns the servers that have answered before, and do not now. */
  private silentOf(key: string, found: readonly ServerView[]): ServerView[] {
    const names = new Set(found.map(({ name }) => name));
    const oldest = Date.now() - SILENT_MS;
    const isKnown = ({ name, lastSeen }: ServerView) => !names.has(name) && (lastSeen ?? 0) > oldest;
    return (this.answers.get(key)?.servers ?? []).filter(isKnown).slice(0, MAX_SILENT).map(silenced);
  }
}

const silenced = (server: ServerView): ServerView => ({ ...server, state: 'silent' });
