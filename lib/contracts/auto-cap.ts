import { toError } from '../core/errors.js';
import type { LogSink } from '../core/logger.js';

/** Time that the servers' answer is used, in milliseconds. The next request after it asks again, and does not wait. */
const FRESH_MS = 60_000;
/** The same where no server has answered. */
const FRESH_WITHOUT_ANSWER_MS = 10_000;

/** Versions of the servers of a topic. */
export interface ServedVersions {
  /** Highest version that all servers which answer implement; undefined where there is none. */
  readonly common: string | undefined;
  /** Number of servers that answer. */
  readonly answers: number;
  /** Number of servers that cannot say their version: in Python, older ones, or without `rpcDiscoveryEnabled`. */
  readonly others: number;
}

/** Asks the servers of an API for the versions that they serve. */
export type DiscoverVersions = () => Promise<ServedVersions>;

/**
 * Version cap that follows the servers. It is the lowest version that the servers report. Where one of them cannot say its
 * version, where none answers, and after an UnsupportedVersion, it is the first version of the API: what every server has.
 */
export class AutoCap {
  private known: string | undefined;
  private freshUntil = 0;
  private asking: Promise<string> | undefined;
  /** Reason why the first version is used, as it was logged: it is logged once. */
  private logged: string | undefined;

  /** @param first first version of the API */
  constructor(
    private readonly first: string,
    private readonly discover: DiscoverVersions,
    private readonly topic: string,
    private readonly logger: LogSink,
  ) {}

  /** Cap in force; undefined before the first answer. Asks the servers again where the answer is old. */
  get current(): string | undefined {
    if (this.known !== undefined && performance.now() >= this.freshUntil) void this.ask();
    return this.known;
  }

  /** Cap in force, without asking. */
  get last(): string {
    return this.known ?? this.first;
  }

  /** Asks the servers. Never rejects. */
  ask(): Promise<string> {
    this.asking ??= this.asked().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** Falls back to the first version: a server has refused a newer one. The next request asks again. */
  refused(): void {
    if (this.known === undefined || this.known === this.first) return;
    this.explain('a server has answered UnsupportedVersion');
    this.known = this.first;
    this.freshUntil = 0;
  }

  private async asked(): Promise<string> {
    let reason: string | undefined;
    let version: string | undefined;
    let fresh = FRESH_MS;
    try {
      const { common, answers, others } = await this.discover();
      if (answers + others === 0) fresh = FRESH_WITHOUT_ANSWER_MS;
      version = others > 0 ? undefined : common;
      if (others > 0)
        reason = `${others} ${others === 1 ? 'server does' : 'servers do'} not say the version (Python, older, or without rpcDiscoveryEnabled)`;
      else if (version === undefined)
        reason = answers === 0 ? 'no server has answered' : 'its servers have no version of it in common';
    } catch (error) {
      reason = toError(error).message;
      fresh = FRESH_WITHOUT_ANSWER_MS;
    }
    this.explain(reason);
    this.known = version ?? this.first;
    this.freshUntil = performance.now() + fresh;
    return this.known;
  }

  private explain(reason: string | undefined): void {
    if (reason !== undefined && reason !== this.logged)
      this.logger.warn(`Version cap 'auto' of '${this.topic}': sending version ${this.first} only, because ${reason}`);
    this.logged = reason;
  }
}
