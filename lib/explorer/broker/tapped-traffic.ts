import { openTap, type Tap, type TapEvent, type TappedCall, type TappedCast } from '../../inspect/index.js';
import { type OsloMessagingOptions, oneLine, toError } from '../../internal.js';
import type { Traffic } from '../protocol.js';
import type { TakenTraffic } from '../source.js';
import { topicKey } from '../topic-facts.js';
import { bucketOf, LatencyBuckets } from '../traffic/latency-buckets.js';
import { MethodStatistics } from '../traffic/method-statistics.js';
import { SampleBudget } from '../traffic/sample-budget.js';
import { SeenMessages } from '../traffic/seen-messages.js';
import { UnknownMethods } from '../traffic/unknown-methods.js';
import { MAX_TEXT, seenMessage } from './seen-message.js';
import { SeenTimeouts } from './seen-timeouts.js';

/** Maximum number of topics that are tapped. */
const MAX_TAPS = 10;
/** Time without a page after which the taps close, in milliseconds: a page that loads again finds them open. */
const LINGER_MS = 5000;
const PER_SECOND = 40;
/** Classes of the errors of requests that no endpoint answers, in both languages. */
const UNKNOWN: ReadonlySet<string> = new Set(['NoSuchMethod', 'UnsupportedVersion']);
const NO_COUNTS = { calls: 0, casts: 0, lostRequests: 0, lostReplies: 0, errors: 0, timeouts: 0, undeliverable: 0 };

type Counted = keyof typeof NO_COUNTS;

/** Topic to tap. */
export interface TappedTopic {
  readonly topic: string;
  readonly exchange: string;
}

/** Traffic of topics, as taps see it. They are open only while somebody watches. */
export class TappedTraffic {
  readonly seen = new SeenMessages(500);
  /** Counts by method, of requests that were seen. */
  readonly methods = new MethodStatistics();
  /** Requests that no endpoint answers, as their replies say. */
  readonly unknown = new UnknownMethods();
  readonly timeouts: SeenTimeouts;
  /** Number of topics beyond those that are tapped. */
  untapped = 0;
  private readonly taps = new Map<string, Promise<Tap | undefined>>();
  private readonly open = new Map<string, Tap>();
  private readonly before = new Map<Tap, Record<Counted, number>>();
  private readonly durations = new LatencyBuckets();
  private readonly budget = new SampleBudget(PER_SECOND, 2 * PER_SECOND);
  /** Failures and slow ones that had no room among the others. */
  private readonly lateBudget = new SampleBudget(PER_SECOND, 2 * PER_SECOND);
  private shown = 0;
  private isWatched = false;
  private lingering: NodeJS.Timeout | undefined;
  /** Reasons why topics are not tapped. */
  private readonly problems = new Map<string, string>();

  /** @param replies true where the broker traces, so that replies are seen */
  constructor(
    private readonly broker: OsloMessagingOptions,
    readonly replies: boolean,
    private readonly slowThreshold: number,
    maxTimeout: number,
  ) {
    this.timeouts = new SeenTimeouts(maxTimeout);
  }

  /** Reason why a topic is not tapped; undefined where all are. */
  get problem(): string | undefined {
    const [first] = this.problems.values();
    return first;
  }

  /** Opens or closes the taps. */
  watch(isWatched: boolean, topics: readonly TappedTopic[]): void {
    this.isWatched = isWatched;
    clearTimeout(this.lingering);
    if (isWatched) this.follow(topics);
    else this.lingering = setTimeout(() => void this.close(), LINGER_MS).unref();
  }

  /** Taps the first of the topics, and no others, while somebody watches. */
  follow(topics: readonly TappedTopic[]): void {
    if (!this.isWatched) return;
    this.untapped = Math.max(0, topics.length - MAX_TAPS);
    const wanted = new Map(topics.slice(0, MAX_TAPS).map((topic) => [topicKey(topic), topic]));
    for (const [key, opening] of this.taps) if (!wanted.has(key)) void this.closeOne(key, opening);
    for (const key of this.problems.keys()) if (!wanted.has(key)) this.problems.delete(key);
    for (const [key, topic] of wanted) if (!this.taps.has(key)) this.taps.set(key, this.openOne(key, topic));
  }

  /** Returns the numbers of the interval. */
  take(): TakenTraffic {
    const { durations, shown } = this;
    const delta = { ...NO_COUNTS };
    let pending = 0;
    for (const tap of this.open.values()) {
      const { counts } = tap;
      const before = this.before.get(tap) ?? NO_COUNTS;
      for (const name of Object.keys(NO_COUNTS) as Counted[]) delta[name] += counts[name] - before[name];
      this.before.set(tap, { ...counts });
      pending += counts.pending;
    }
    const [p50, p95, p99] = durations.percentiles([0.5, 0.95, 0.99]);
    const seen: Traffic = {
      calls: delta.calls,
      casts: delta.casts,
      notifications: 0,
      errors: delta.errors + delta.timeouts + delta.undeliverable,
      timeouts: delta.timeouts,
      inFlight: pending,
      ...{ p50, p95, p99, max: durations.max },
    };
    durations.clear();
    this.shown = 0;
    const total = Math.max(delta.calls + delta.casts, shown);
    return { traffic: { seen }, shown, total, lost: delta.lostRequests + delta.lostReplies };
  }

  /** Closes all taps. */
  async close(): Promise<void> {
    clearTimeout(this.lingering);
    await Promise.all([...this.taps].map(([key, opening]) => this.closeOne(key, opening)));
  }

  private async closeOne(key: string, opening: Promise<Tap | undefined>): Promise<void> {
    this.taps.delete(key);
    this.open.delete(key);
    const tap = await opening;
    await tap?.close().catch(() => undefined);
  }

  private async openOne(key: string, { topic, exchange }: TappedTopic): Promise<Tap | undefined> {
    try {
      const { broker, replies } = this;
      const tap = await openTap({ broker, topic, exchange, replies, excerptLength: MAX_TEXT, builtIn: false });
      this.problems.delete(key);
      // It may have been closed meanwhile, by its promise.
      if (this.taps.has(key)) this.open.set(key, tap);
      void this.read(key, tap);
      return tap;
    } catch (error) {
      this.problems.set(key, oneLine(toError(error).message));
      this.taps.delete(key);
      return undefined;
    }
  }

  private async read(key: string, tap: Tap): Promise<void> {
    try {
      for await (const event of tap) this.add(event);
    } catch (error) {
      this.problems.set(key, oneLine(toError(error).message));
    } finally {
      if (this.open.get(key) === tap) {
        this.open.delete(key);
        this.taps.delete(key);
      }
      this.before.delete(tap);
    }
  }

  private add(event: TapEvent): void {
    if (event.type !== 'call' && event.type !== 'cast') return;
    if (event.type === 'call') this.count(event);
    const now = performance.now();
    if (!this.budget.take(now) && !(isLate(event, this.slowThreshold) && this.lateBudget.take(now))) return;
    this.shown++;
    this.seen.end(this.seen.add(seenMessage(event, this.slowThreshold)));
  }

  private count(call: TappedCall): void {
    this.timeouts.add(call);
    const { exchange, topic, namespace = null, version = null, method, durationMs, outcome, error } = call;
    if (error && UNKNOWN.has(error.class)) {
      this.unknown.add({ exchange, topic, namespace, version, method, error: error.class });
      return;
    }
    if (durationMs === undefined) return;
    const bucket = bucketOf(durationMs);
    this.durations.add(durationMs, bucket);
    const counted = { direction: 'seen', exchange, topic, namespace, version, method } as const;
    this.methods.of(this, counted)?.end(durationMs, bucket, outcome === 'error');
  }
}

/** Returns true for a failure, and for a slow call. */
function isLate(event: TappedCall | TappedCast, slowThreshold: number): boolean {
  if (event.type === 'cast') return event.undeliverable;
  return ['error', 'timeout', 'undeliverable'].includes(event.outcome) || (event.durationMs ?? 0) >= slowThreshold;
}
