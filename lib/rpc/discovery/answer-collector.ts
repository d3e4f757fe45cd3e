import { stringifyJson } from '../../core/json.js';
import type { LogSink } from '../../core/logger.js';
import type { CollectedReply } from '../../drivers/driver.js';

/** Maximum number of servers of a topic whose answers are kept. */
export const MAX_SERVERS = 1000;
/** Maximum number of answers that are kept of one server name on one machine: its processes. */
const MAX_SAME_NAME = 16;
/** Maximum length of the kept answers in JSON, in characters. */
const MAX_KEPT = 16_777_216;

/** Part of an answer that names its server. */
interface Named {
  readonly server: string;
  readonly host: string;
}

/** Reads the answers of servers on their arrival, and keeps what is read of them, within limits. */
export class AnswerCollector<T extends Named> {
  /** Answers that are kept. */
  readonly kept: T[] = [];
  private errors = 0;
  private dropped = 0;
  private length = 0;
  private readonly places = new Map<string, number>();

  /**
   * @param expected number of servers, where it is known
   * @param read returns the read answer; undefined for one of another form
   * @param onAnswer called with each answer; with undefined for one that is not kept
   */
  constructor(
    private readonly expected: number | undefined,
    private readonly read: (answer: unknown) => T | undefined,
    private readonly onAnswer: ((answer: T | undefined) => void) | undefined,
  ) {}

  /** Number of answers that are not kept. */
  get others(): number {
    return this.errors + this.dropped;
  }

  /** Reads an answer. Returns true when there are as many as expected. Never throws. */
  add(reply: CollectedReply): boolean {
    const answer = 'result' in reply ? this.readSafely(reply.result) : undefined;
    if (answer === undefined) this.errors++;
    const isKept = answer !== undefined && this.keep(answer);
    this.onAnswer?.(isKept ? answer : undefined);
    return this.expected !== undefined && this.kept.length + this.others >= this.expected;
  }

  /** Logs how many answers were beyond the limits. */
  warn(logger: LogSink, about: string): void {
    if (this.dropped === 0) return;
    logger.warn(
      `Discovery of ${about}: dropped ${this.dropped} answers beyond the limits (${MAX_SERVERS} servers, ${MAX_SAME_NAME} of one name and host, ${MAX_KEPT} characters); they count as servers that do not say what they serve`,
    );
  }

  private readSafely(result: unknown): T | undefined {
    try {
      return this.read(result);
    } catch {
      return undefined;
    }
  }

  private keep(answer: T): boolean {
    const name = JSON.stringify([answer.server, answer.host]);
    const places = (this.places.get(name) ?? 0) + 1;
    const length = this.length + stringifyJson(answer).length;
    if (this.kept.length >= MAX_SERVERS || places > MAX_SAME_NAME || length > MAX_KEPT) {
      this.dropped++;
      return false;
    }
    this.places.set(name, places);
    this.length = length;
    this.kept.push(answer);
    return true;
  }
}
