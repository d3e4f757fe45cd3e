import { openTap, type Tap, type TapEvent, type TappedCall, type TappedCast } from '../../inspect/index.js';
import { type OsloMessagingOptions, oneLine, stringifyJson, toError } from '../../internal.js';
import type { SeenMessage, Traffic } from '../protocol.js';
import type { TakenTraffic } from '../source.js';
import { cut } from '../traffic/excerpt.js';
import { bucketOf, LatencyBuckets } from '../traffic/latency-buckets.js';
import { SampleBudget } from '../traffic/sample-budget.js';
import { SeenMessages } from '../traffic/seen-messages.js';

/** Maximum number of topics that are tapped. */
const MAX_TAPS = 10;
/** Time without a page after which the taps close, in milliseconds: a page that loads again finds them open. */
const LINGER_MS = 5000;
const MAX_TEXT = 1000;
const PER_SECOND = 40;
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
  private readonly taps = new Map<string, Promise<Tap | undefined>>();
  private readonly open = new Map<string, Tap>();
  private readonly before = new Map<Tap, Record<Counted, number>>();
  private readonly durations = new LatencyBuckets();
  private readonly budget = new SampleBudget(PER_SECOND, 2 * PER_SECOND);
  private shown = 0;
  private isWatched = false;
  private lingering: NodeJS.Timeout | undefined;
  /** Reason why a topic is not tapped; undefined where all are. */
  problem: string | undefined;

  /** @param replies true where the broker traces, so that replies are seen */
  constructor(
    private readonly broker: OsloMessagingOptions,
    readonly replies: boolean,
    private readonly slowThreshold: number,
  ) {}

  /** Opens or closes the taps. */
  watch(isWatched: boolean, topics: readonly TappedTopic[]): void {
    this.isWatched = isWatched;
    clearTimeout(this.lingering);
    if (isWatched) this.follow(topics);
    else this.lingering = setTimeout(() => void this.close(), LINGER_MS).unref();
  }

  /** Taps further topics, while somebody watches. */
  follow(topics: readonly TappedTopic[]): void {
    if (!this.isWatched) return;
    for (const topic of topics) {
      const key = JSON.stringify([topic.exchange, topic.topic]);
      if (this.taps.has(key) || this.taps.size >= MAX_TAPS) continue;
      this.taps.set(key, this.openOne(key, topic));
    }
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
    const taps = [...this.taps.values()];
    this.taps.clear();
    this.open.clear();
    await Promise.all(taps.map(async (opening) => (await opening)?.close().catch(() => undefined)));
  }

  private async openOne(key: string, { topic, exchange }: TappedTopic): Promise<Tap | undefined> {
    try {
      const { broker, replies } = this;
      const tap = await openTap({ broker, topic, exchange, replies, excerptLength: MAX_TEXT });
      // It may have been closed meanwhile, by its promise.
      if (this.taps.has(key)) this.open.set(key, tap);
      void this.read(key, tap);
      return tap;
    } catch (error) {
      this.problem = oneLine(toError(error).message);
      this.taps.delete(key);
      return undefined;
    }
  }

  private async read(key: string, tap: Tap): Promise<void> {
    try {
      for await (const event of tap) this.add(event);
    } catch (error) {
      this.problem = oneLine(toError(error).message);
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
    const duration = event.type === 'call' ? event.durationMs : undefined;
    if (duration !== undefined) this.durations.add(duration, bucketOf(duration));
    if (!this.budget.take(performance.now())) return;
    this.shown++;
    const message = messageOf(event, this.slowThreshold);
    this.seen.end(this.seen.add(message));
  }
}

function messageOf(event: TappedCall | TappedCast, slowThreshold: number): Omit<SeenMessage, 'id'> {
  const {
    at,
    exchange,
    topic,
    server = null,
    namespace = null,
    version = null,
    method,
    context,
    caller,
    fanout,
  } = event;
  const call = event.type === 'call' ? event : undefined;
  const duration = call?.durationMs ?? null;
  return {
    at,
    kind: fanout ? 'fanout' : event.type,
    direction: 'seen',
    exchange,
    topic,
    server,
    namespace,
    version,
    method,
    args: textOf(event.args),
    result: call?.outcome === 'result' ? textOf(call.result) : null,
    duration,
    outcome: outcomeOf(event),
    error: errorOf(event),
    caller: memberOf(context, 'user_name') ?? memberOf(context, 'user_id') ?? caller.name ?? caller.connection ?? null,
    requestId: memberOf(context, 'request_id') ?? null,
    messageId: call?.msgId ?? null,
    handler: null,
    waited: null,
    slow: duration !== null && duration >= slowThreshold,
  };
}

function outcomeOf(event: TappedCall | TappedCast): SeenMessage['outcome'] {
  if (event.type === 'cast') return event.undeliverable ? 'error' : 'ok';
  const { outcome } = event;
  if (outcome === 'timeout') return 'timeout';
  if (outcome === 'unknown') return 'pending';
  return outcome === 'result' ? 'ok' : 'error';
}

function errorOf(event: TappedCall | TappedCast): SeenMessage['error'] {
  const isUndeliverable = event.type === 'cast' ? event.undeliverable : event.outcome === 'undeliverable';
  if (isUndeliverable) return { type: 'MessageUndeliverable', message: 'No queue took the request' };
  if (event.type === 'cast') return null;
  if (event.outcome === 'timeout') return { type: 'MessagingTimeout', message: 'The caller has stopped waiting' };
  return event.error ? { type: event.error.class, message: event.error.message } : null;
}

function textOf(value: unknown): string {
  try {
    return value === undefined ? '' : cut(stringifyJson(value), MAX_TEXT);
  } catch {
    return '(cannot be shown)';
  }
}

function memberOf(holder: unknown, name: string): string | undefined {
  const value: unknown =
    typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
      ? Reflect.get(holder, name)
      : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
