import type { ManagementApi, Settings, TransportURL } from '../../internal.js';
import { Deadline, toError } from '../../internal.js';
import { CompiledFilter } from './compiled-filter.js';
import { ConnectionNames } from './connection-names.js';
import type { Echo } from './echoes.js';
import { EventBuffer } from './event-buffer.js';
import { Matcher } from './matcher.js';
import { firstExchange, type RawMessage, readBound, readTraced } from './raw-message.js';
import type { Tap, TapTracing } from './tap.js';
import type { TapEvent } from './tap-event.js';
import type { TapOptions } from './tap-options.js';
import { requestBindings, traceBindings } from './tap-plan.js';
import { TAP_PREFIX, type TapQueues } from './tap-queues.js';
import { TapSession } from './tap-session.js';
import type { TapCounts, TapSummary } from './tap-summary.js';
import { TraceSwitch } from './trace-switch.js';

/** Time between two looks for calls that are over, in milliseconds. */
const EXPIRY_MS = 250;
/** Time between two checks of lag, tracing and bindings, in milliseconds. */
const CHECK_MS = 2000;
/** Time between two attempts to bind to an exchange that does not exist yet, in milliseconds. */
const BIND_MS = 500;

/** Lag from which a tap says that it is behind, in milliseconds. */
const LATE_MS = 1000;
/** Maximum time at the end to receive what is on its way, in milliseconds. */
const DRAIN_MS = 2000;

/** Tap on a broker. */
export class RunningTap implements Tap {
  private readonly buffer: EventBuffer<TapEvent>;
  private readonly matcher: Matcher;
  private readonly session: TapSession;
  private readonly trace: TraceSwitch;
  private readonly replies: boolean;
  private readonly notice: (line: string) => void;
  private readonly opened = performance.now();
  private readonly timers: NodeJS.Timeout[] = [];
  private isChecking = false;
  /** Time of the last message that the broker traced, while it does; later undefined times are an interruption. */
  private lastTraced = this.opened;
  private isBlind = false;
  /** True for a new queue, which does not have the mark of tracing yet. */
  private isUnmarked = false;
  private lag: number | undefined;
  private closing: Promise<void> | undefined;

  /** @param timeoutMs timeout in milliseconds of calls without an expiration */
  constructor(
    private readonly options: TapOptions,
    timeoutMs: number,
    settings: Settings,
    url: TransportURL,
    api: ManagementApi | undefined,
  ) {
    const {
      topic,
      exchange,
      server,
      replies = false,
      filter,
      buffer = 1000,
      excerptLength = 200,
      builtIn = true,
      notice,
    } = options;
    const watched = { topic, exchange, server };
    this.replies = replies;
    this.notice = notice ?? (() => undefined);
    this.buffer = new EventBuffer(buffer, (events) => this.matcher.unread(events));
    this.matcher = new Matcher({
      ...watched,
      replies,
      filter: new CompiledFilter(filter),
      limits: settings.limits,
      excerptLength,
      builtIn,
      timeoutMs,
      emit: (event) => this.buffer.push(event),
      identify: new ConnectionNames(api).identify,
    });
    this.trace = new TraceSwitch(api, url.virtualHost || '/');
    this.session = new TapSession(url, settings, {
      bindings: replies ? traceBindings(watched) : requestBindings(watched),
      areOptional: !replies,
      received: (queue, message) => this.received(queue, message),
      resumed: (since, reason) => this.resumed(since, reason),
      notice: this.notice,
    });
  }

  get counts(): TapCounts {
    return this.matcher.counts;
  }

  get tracing(): TapTracing {
    return this.trace.state;
  }

  get lagMs(): number | undefined {
    const { outstandingMs } = this.session.echoes;
    return this.lag === undefined ? undefined : Math.max(this.lag, outstandingMs);
  }

  /** @throws MessageDeliveryFailure, TapRefused */
  async open(): Promise<void> {
    const channel = await this.session.open();
    // Also without replies: proves that the tap may publish to its queues, as the broker does with dropped messages.
    await this.echo();
    if (this.replies) await this.trace.ensure(channel, () => this.echo());
    for (const { exchange } of this.session.missing)
      this.notice(`The exchange "${exchange}" does not exist yet; waiting for it`);
    this.lastTraced = performance.now();
    this.timers.push(
      setInterval(() => this.matcher.expire(performance.now()), EXPIRY_MS),
      setInterval(() => void this.check(), CHECK_MS),
      setInterval(() => void this.bindMissing(), BIND_MS),
    );
  }

  summary(): TapSummary {
    const { counts, methods } = this.matcher;
    return {
      elapsedMs: performance.now() - this.opened,
      counts,
      durations: methods.durations(),
      methods: methods.summary(),
    };
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  [Symbol.asyncIterator](): AsyncIterator<TapEvent> {
    return this.buffer[Symbol.asyncIterator]();
  }

  private async end(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    try {
      const drained = this.session.drain().catch(() => undefined);
      await Deadline.after(DRAIN_MS)
        .race(drained, () => new Error('late'))
        .catch(() => undefined);
      this.matcher.finish();
      // With the queue goes its mark of an owner of the tracing.
      await this.session.current?.deleteMessages().catch(() => undefined);
      await this.trace.leave();
    } finally {
      this.buffer.close();
      await this.session.close();
    }
  }

  private resumed(since: number, reason: string): void {
    this.matcher.interrupted(since, reason, performance.now());
    this.lastTraced = performance.now();
    this.isUnmarked = true;
    void this.check();
  }

  private received(queue: keyof TapQueues, message: RawMessage): void {
    const { matcher, session } = this;
    const now = performance.now();
    if (queue === 'mark') matcher.lostMore(now);
    else if (queue === 'dropped') this.dropped(message, now);
    else if (message.exchange === '') session.echoes.received(message.body);
    else if (!this.replies) matcher.observe(readBound(message), now);
    else this.traced(message, now);
  }

  private traced(message: RawMessage, now: number): void {
    const observed = readTraced(message);
    if (!observed) return;
    // Taps send messages to their own queues.
    if (observed.exchange === '' && observed.routingKey.startsWith(TAP_PREFIX))
      this.session.echoes.traced(observed.body);
    else this.matcher.observe(observed, now);
  }

  private dropped(message: RawMessage, now: number): void {
    if (this.session.echoes.received(message.body, true)) return;
    const { topic, exchange, server } = this.options;
    if (!this.replies) {
      const routingKey = server === undefined ? topic : `${topic}.${server}`;
      if (firstExchange(message) !== '') this.matcher.lost({ ...readBound(message), exchange, routingKey }, now);
      return;
    }
    const observed = readTraced(message);
    if (observed && !observed.routingKey.startsWith(TAP_PREFIX)) this.matcher.lost(observed, now);
  }

  private async echo(): Promise<Echo> {
    const { current, echoes } = this.session;
    if (!current) return { lagMs: 0, isTraced: !this.isBlind };
    const echo = await echoes.through(current, 'messages');
    const wasLate = (this.lag ?? 0) > LATE_MS;
    this.lag = echo.lagMs;
    if (echo.lagMs > LATE_MS && !wasLate)
      this.notice(`The tap is ${(echo.lagMs / 1000).toFixed(1)} s behind: it sees more than it can read`);
    return echo;
  }

  private async check(): Promise<void> {
    const { session } = this;
    if (this.isChecking || this.closing || !session.current) return;
    this.isChecking = true;
    try {
      if (!this.replies) await session.bindAll(session.bindings);
      const began = performance.now();
      const { isTraced } = await this.echo();
      // The trace of one echo may be among dropped messages.
      const isOn = isTraced || (this.replies && (await this.echo()).isTraced);
      if (this.replies && !this.closing) await this.judge(isOn, began);
    } catch (error) {
      if (!this.closing && session.current) this.notice(toError(error).message);
    } finally {
      this.isChecking = false;
    }
  }

  private async bindMissing(): Promise<void> {
    const { session } = this;
    if (this.isChecking || this.closing || session.missing.length === 0) return;
    this.isChecking = true;
    try {
      await session.bindAll(session.missing);
    } catch {
      // The next check reports it.
    } finally {
      this.isChecking = false;
    }
  }

  /** Handles the end of tracing, and its return. */
  private async judge(isTraced: boolean, began: number): Promise<void> {
    const { session, trace, matcher } = this;
    if (!isTraced && !this.isBlind) {
      this.isBlind = true;
      this.notice('The tap sees nothing: somebody turned off tracing, or the broker was restarted');
    }
    if ((!isTraced || this.isUnmarked) && session.current) await trace.ensure(session.current, () => this.echo());
    this.isUnmarked = false;
    if (this.isBlind) matcher.interrupted(this.lastTraced, 'tracing was off', performance.now());
    this.isBlind = false;
    this.lastTraced = began;
  }
}
