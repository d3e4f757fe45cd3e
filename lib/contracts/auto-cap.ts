import { toError } from '../core/errors.js';
import type { LogSink } from '../core/logger.js';
import { compareVersions, versionIsCompatible } from '../core/version.js';
import { KnownServers } from './known-servers.js';

/** Time that the servers' answer is used, in milliseconds. The next request after it asks again, and does not wait. */
const FRESH_MS = 60_000;
/** The same where no server has answered. */
const FRESH_WITHOUT_ANSWER_MS = 10_000;
/** Time without a further answer, in milliseconds, after which requests wait no longer. */
const QUIET_MS = 100;

/** Called with each answer: the server and its version; undefined for one that cannot say them, or has no version of the API. */
export type OnAnswer = (server: string | undefined, version: string | undefined) => void;

/** Questions to the servers of an API. */
export interface VersionQuestions {
  /** Asks all servers. Resolves when the time for their answers is over. */
  all(onAnswer: OnAnswer): Promise<void>;
  /** Asks servers by name. Resolves with the names of those that are known to be gone. */
  named(servers: readonly string[], onAnswer: OnAnswer): Promise<readonly string[]>;
}

/**
 * Version cap that follows the servers. It is the lowest version that the servers report. Where one of them cannot say its
 * version, and where none answers, it is the first version of the API: what every server has. A server that was known and is
 * silent keeps its version until it is known to be gone, so that silence never raises the cap.
 */
export class AutoCap {
  private known: string | undefined;
  private freshUntil = 0;
  private asking: Promise<void> | undefined;
  private waiting: (() => void)[] = [];
  private quiet: NodeJS.Timeout | undefined;
  private readonly servers = new KnownServers();
  /** True where a server has refused a version since the present question was asked. */
  private isOutdated = false;
  /** Number of answers to the present question. */
  private answers = 0;
  /** Version that a server has refused, although the answers after it still allow it. */
  private doubted: string | undefined;
  /** Number of the cap in force: it changes with the cap. */
  private serial = 0;
  /** Reason why the first version is used, as it was logged: it is logged once. */
  private logged: string | undefined;

  /** @param first first version of the API */
  constructor(
    private readonly first: string,
    private readonly questions: VersionQuestions,
    private readonly topic: string,
    private readonly logger: LogSink,
  ) {}

  /** Cap in force; undefined before the first answer, and after a refusal. Asks the servers again where the answer is old. */
  get current(): string | undefined {
    if (this.known === undefined || performance.now() >= this.freshUntil) void this.ask();
    return this.known;
  }

  /** Cap in force, without asking. */
  get last(): string {
    return this.known ?? this.first;
  }

  /** Number of the cap in force, for {@link refused}. */
  get generation(): number {
    return this.serial;
  }

  /** Asks the servers, one question at a time. Resolves when all have had their time. Never rejects. */
  ask(): Promise<void> {
    this.asking ??= this.asked().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /**
   * Resolves when there is a cap: when no further server has answered for 100 ms, at the end of the question at the latest.
   * @param patience time in milliseconds after which the answers so far are enough, where there are any
   */
  answer(patience: number): Promise<void> {
    if (this.current !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        if (this.answers > 0 && !this.isOutdated) this.settle();
      }, patience);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * Reacts to a server that has refused a version which the cap allows. The cap is unknown until the servers have answered
   * again. Where their answer still allows it, a server that refuses cannot answer, and the cap is the first version.
   * @param generation {@link generation} when the request was sent: a newer answer counts more
   */
  refused(version: string, generation: number): void {
    const { known } = this;
    if (known === undefined || known === this.first || generation !== this.serial) return;
    if (!versionIsCompatible(known, version)) return;
    this.serial++;
    if (this.doubted !== undefined) {
      this.doubted = undefined;
      this.explain('a server has answered UnsupportedVersion again, and does not say its version');
      this.known = this.first;
      this.freshUntil = performance.now() + FRESH_MS;
      return;
    }
    this.doubted = version;
    this.known = undefined;
    this.isOutdated = this.asking !== undefined;
    clearTimeout(this.quiet);
    void this.ask();
  }

  private async asked(): Promise<void> {
    const wasUnknown = this.known === undefined;
    let failure: string | undefined;
    do {
      this.isOutdated = false;
      this.answers = 0;
      failure = await this.question();
      // A server has refused a version meanwhile: perhaps one that started after the question.
    } while (this.isOutdated);
    if (!wasUnknown && this.known !== undefined) this.doubted = undefined;
    const isEmpty = failure !== undefined || this.servers.isEmpty;
    this.conclude(failure);
    this.freshUntil = performance.now() + (isEmpty ? FRESH_WITHOUT_ANSWER_MS : FRESH_MS);
    this.release();
  }

  /** Asks all servers, and those by name that are silent. Returns the reason where they cannot be asked. */
  private async question(): Promise<string | undefined> {
    const { servers } = this;
    const hear: OnAnswer = (server, version) => this.hear(server, version);
    servers.begin();
    try {
      await this.questions.all(hear);
      const { silent } = servers;
      if (silent.length > 0) for (const name of await this.questions.named(silent, hear)) servers.forget(name);
      servers.forgetSilent();
      return undefined;
    } catch (error) {
      return toError(error).message;
    }
  }

  private hear(server: string | undefined, version: string | undefined): void {
    this.answers++;
    if (server === undefined) this.servers.hearUnnamed();
    else this.servers.hear(server, version);
    if (this.known !== undefined) {
      // Lower at once; higher only when all have had their time.
      const common = this.servers.common ?? this.first;
      if (compareVersions(common, this.known) < 0) this.conclude(undefined);
      return;
    }
    if (this.isOutdated) return;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.settle(), this.servers.unnamed > 0 ? 0 : QUIET_MS);
  }

  /** Uses the answers so far for the requests that wait. Later answers can only lower the cap before the end of the question. */
  private settle(): void {
    if (this.known === undefined) {
      this.conclude(undefined);
      this.freshUntil = performance.now() + FRESH_MS;
    }
    this.release();
  }

  private release(): void {
    clearTimeout(this.quiet);
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private conclude(failure: string | undefined): void {
    const { common, unnamed, isEmpty } = this.servers;
    this.explain(failure ?? (common === undefined ? reasonOf(unnamed, isEmpty) : undefined));
    const next = failure === undefined ? (common ?? this.first) : this.first;
    if (this.doubted !== undefined && !versionIsCompatible(next, this.doubted)) this.doubted = undefined;
    if (next !== this.known) this.serial++;
    this.known = next;
  }

  private explain(reason: string | undefined): void {
    if (reason !== undefined && reason !== this.logged)
      this.logger.warn(`Version cap 'auto' of '${this.topic}': sending version ${this.first} only, because ${reason}`);
    this.logged = reason;
  }
}

function reasonOf(unnamed: number, isEmpty: boolean): string {
  if (unnamed > 0)
    return `${unnamed} ${unnamed === 1 ? 'server does' : 'servers do'} not say the version (Python, older, or without rpcDiscoveryEnabled)`;
  return isEmpty ? 'no server has answered' : 'its servers have no version of it in common';
}
