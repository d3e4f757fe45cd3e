import {
  BUILT_IN,
  type MessageObserver,
  MessagingTimeout,
  type Notification,
  type ObservedHandler,
  type ObservedMessage,
  type ObservedRequest,
  type RpcInvocation,
  type Target,
} from '../../internal.js';
import type { Direction, Traffic } from '../protocol.js';
import { DirectionCounter } from './direction-counter.js';
import { MaskedValues } from './masked-values.js';
import { type CountedMethod, MethodStatistics } from './method-statistics.js';
import type { RecordedMessage, Sample, SampleSink } from './observed-message.js';
import { HeardNotification, SentNotification, SentRequest, ServedRequest } from './recorded-requests.js';
import { SampleBudget } from './sample-budget.js';
import { seenError } from './seen-error.js';
import { SeenMessages } from './seen-messages.js';
import { UnknownMethods } from './unknown-methods.js';

/** Length of a result, in characters. */
const MAX_RESULT = 1000;
/** Samples in a second, and after a pause, while nobody watches. */
const UNWATCHED = { perSecond: 2, burst: 20 };

/** Options of a {@link TrafficRecorder}. */
export interface RecorderOptions {
  /** Number of messages that are kept. */
  readonly maxMessages: number;
  /** Number of messages in a second that are shown while somebody watches. */
  readonly samplesPerSecond: number;
  /** Duration from which a message is slow, in milliseconds. */
  readonly slowThreshold: number;
}

/** Counts all messages of an application, and keeps samples of them, for the page. */
export class TrafficRecorder implements SampleSink {
  /** Messages that are shown. */
  readonly seen: SeenMessages;
  /** Counts by method. */
  readonly methods = new MethodStatistics();
  /** Requests that no endpoint answers. */
  readonly unknown = new UnknownMethods();
  readonly slowThreshold: number;
  private readonly counters = { out: new DirectionCounter(), in: new DirectionCounter() };
  private readonly budget = new SampleBudget(UNWATCHED.perSecond, UNWATCHED.burst);
  /** Failures and slow ones that had no room at their beginning. */
  private readonly lateBudget = new SampleBudget(UNWATCHED.perSecond, UNWATCHED.burst);
  private shown = 0;

  constructor(private readonly options: RecorderOptions) {
    this.seen = new SeenMessages(options.maxMessages);
    this.slowThreshold = options.slowThreshold;
  }

  /** Shows more messages while somebody watches. */
  set watched(isWatched: boolean) {
    const { samplesPerSecond: perSecond } = this.options;
    const rate = isWatched ? { perSecond, burst: 2 * perSecond } : UNWATCHED;
    this.budget.change(rate.perSecond, rate.burst);
    this.lateBudget.change(rate.perSecond, rate.burst);
  }

  /** Returns the numbers of the interval, and begins the next one. */
  take(): { traffic: Partial<Record<Direction, Traffic>>; shown: number; total: number } {
    const { counters, shown } = this;
    const total = counters.in.total + counters.out.total;
    this.shown = 0;
    // A late sample may have begun in an earlier interval.
    return { traffic: { out: counters.out.take(), in: counters.in.take() }, shown: Math.min(shown, total), total };
  }

  /** Returns the observer of a transport. @param exchange exchange of targets that name none */
  observerOf(exchange: string): MessageObserver {
    return {
      sending: (kind, target, request, since) => this.sending(kind === 'call', target, request, since, exchange),
      announcing: (to, topics, notification) => this.announcing(to, topics, notification),
      handling: (message, listening, handler) => this.handling(message, listening, handler, exchange),
      hearing: (queue, notifications, handler) => this.hearing(queue, notifications, handler, exchange),
    };
  }

  isTimeout(error: unknown): boolean {
    return error instanceof MessagingTimeout;
  }

  sampleLate(message: RecordedMessage, _isFailed: boolean, duration: number): Sample | undefined {
    return this.lateBudget.take(performance.now()) ? this.sample(message, Date.now() - duration) : undefined;
  }

  end({ message, masked }: Sample, duration: number, result: unknown, error: unknown): void {
    message.duration = Number(duration.toFixed(3));
    message.slow = duration >= this.slowThreshold;
    if (error === undefined) {
      message.outcome = 'ok';
      message.result = message.kind === 'call' ? masked.json(result, MAX_RESULT) : null;
    } else {
      message.outcome = this.isTimeout(error) ? 'timeout' : 'error';
      message.error = seenError(error, masked, message.handler !== null);
    }
    this.seen.end(message);
  }

  private sending(
    isCall: boolean,
    target: Target,
    request: RpcInvocation,
    since: number,
    exchange: string,
  ): ObservedMessage | undefined {
    const { method } = request;
    if (method.startsWith(BUILT_IN)) return undefined;
    const counts =
      this.methods.known(target, method) ?? this.methods.of(target, countedOf('out', target, method, exchange));
    const counter = this.counters.out;
    counter.begin(isCall ? 'calls' : 'casts', 1);
    const message = new SentRequest(this, counter, counts, 1, since);
    message.target = target;
    message.request = request;
    message.isCall = isCall;
    message.exchange = exchange;
    if (this.budget.take(since)) message.sample = this.sample(message, Date.now());
    return message;
  }

  private handling(
    incoming: ObservedRequest,
    listening: Target,
    handler: ObservedHandler | undefined,
    exchange: string,
  ): ObservedMessage | undefined {
    const { method } = incoming.request;
    if (handler === undefined) {
      if (method.startsWith(BUILT_IN)) return undefined;
    } else if (handler.entry.isBuiltIn) return undefined;
    const counts =
      handler &&
      (this.methods.known(handler, method) ??
        this.methods.of(handler, {
          ...countedOf('in', listening, method, exchange),
          namespace: handler.target.namespace ?? null,
          version: handler.target.version ?? null,
        }));
    const counter = this.counters.in;
    counter.begin(incoming.wantsReply ? 'calls' : 'casts', 1);
    const now = performance.now();
    const message = new ServedRequest(this, counter, counts, 1, now);
    message.message = incoming;
    message.listening = listening;
    message.exchange = exchange;
    message.handler = handler && (handler.entry.handler ?? method);
    if (this.budget.take(now)) message.sample = this.sample(message, Date.now());
    return handler === undefined ? this.unanswered(message) : message;
  }

  private announcing(
    exchange: string,
    topics: readonly string[],
    notification: Omit<Notification, 'uniqueId'>,
  ): ObservedMessage {
    const counter = this.counters.out;
    counter.begin('notifications', 1);
    const now = performance.now();
    const message = new SentNotification(this, counter, undefined, 1, now);
    Object.assign(message, { exchange, topics, notification });
    if (this.budget.take(now)) message.sample = this.sample(message, Date.now());
    return message;
  }

  private hearing(
    queue: string,
    notifications: readonly Notification[],
    handler: string,
    exchange: string,
  ): ObservedMessage | undefined {
    const [notification] = notifications;
    if (notification === undefined) return undefined;
    const counter = this.counters.in;
    counter.begin('notifications', notifications.length);
    const now = performance.now();
    const message = new HeardNotification(this, counter, undefined, notifications.length, now);
    Object.assign(message, { exchange, queue, notification, handler });
    if (this.budget.take(now)) message.sample = this.sample(message, Date.now());
    return message;
  }

  /** Returns the message, whose error counts as one about an unknown method. */
  private unanswered(message: ServedRequest): ObservedMessage {
    const { listening, exchange } = message;
    const { method, namespace, version } = message.message.request;
    return {
      done: (result) => message.done(result),
      failed: (error) => {
        this.unknown.add({
          exchange: listening.exchange ?? exchange,
          topic: listening.topic ?? '',
          namespace: namespace ?? null,
          version: version ?? null,
          method,
          error: error instanceof Error ? error.name : 'Error',
        });
        message.failed(error);
      },
    };
  }

  private sample(message: RecordedMessage, at: number): Sample {
    this.shown++;
    const masked = new MaskedValues(message.secrets());
    const seen = this.seen.add({
      ...message.show(masked),
      at: Math.round(at),
      result: null,
      duration: null,
      outcome: 'pending',
      error: null,
      slow: false,
    });
    return { message: seen, masked };
  }
}

function countedOf(direction: 'in' | 'out', target: Target, method: string, usual: string): CountedMethod {
  const { exchange, topic, namespace, version } = target;
  return {
    direction,
    exchange: exchange ?? usual,
    topic: topic ?? '',
    namespace: namespace ?? null,
    version: version ?? null,
    method,
  };
}
