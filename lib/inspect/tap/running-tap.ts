import type { ManagementApi, Settings, TransportURL } from '../../internal.js';
import { Deadline, toError } from '../../internal.js';
import { CompiledFilter } from './compiled-filter.js';
import { ConnectionNames } from './connection-names.js';
import type { Echo } from './echoes.js';
import { EventBuffer } from './event-buffer.js';
import { Matcher } from './matcher.js';
import { Receivers } from './receivers.js';
import { RequestBindings } from './request-bindings.js';
import type { Tap, TapTracing } from './tap.js';
import { FixedBindings } from './tap-bindings.js';
import type { TapEvent } from './tap-event.js';
import { TapIntake } from './tap-intake.js';
import type { TapOptions } from './tap-options.js';
import { traceBindings } from './tap-plan.js';
import { TapSession } from './tap-session.js';
import type { TapCounts, TapSummary } from './tap-summary.js';
import { TraceSwitch } from './trace-switch.js';

/** Time between two looks for calls that are over, in milliseconds. */
const EXPIRY_MS = 250;
/** Time between two checks of lag and tracing, in milliseconds. */
const CHECK_MS = 2000;
/** Time between two looks for the queues of servers, in milliseconds. */
const LOOK_MS = 1000;
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
  private isLooking = false;
  /** Time of the last message that the broker traced, while it does; later undefined times are an interruption. */
  private lastTraced = this.opened;
  private isBlind = false;
  /** True where the last check has found an alarm. */
  private wasBlocked = false;
  /** True for a new queue, which does not have the mark of tracing yet. */
  private isUnmarked = false;
  /** True where the tap has left because of an alarm, whatever still waits for the broker. */
  private isLeft = false;
  private lag: number | undefined;
  private closing: Promise<void> | undefined;

  /** @param timeoutMs timeout in milliseconds of calls without an expiration */
  constructor(
    options: TapOptions,
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
    this.trace = new TraceSwitch(api, url.virtualHost || '/', this.notice);
    const intake = new TapIntake(this.matcher, watched, replies);
    this.session = new TapSession(url, settings, {
      bindings: replies
        ? new FixedBindings(traceBindings(watched))
        : new RequestBindings(topic, new Receivers(watched, api, this.notice), this.notice),
      received: (queue, message) => intake.take(queue, message, this.session.echoes),
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
    if (this.trace.staysOn) this.notice(this.trace.staysOn);
    this.lastTraced = performance.now();
    this.timers.push(
      setInterval(() => this.matcher.expire(performance.now()), EXPIRY_MS),
      setInterval(() => void this.check(), CHECK_MS),
    );
    if (!this.replies) this.timers.push(setInterval(() => void this.look(), LOOK_MS));
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
    const { session } = this;
    for (const timer of this.timers) clearInterval(timer);
    try {
      // A broker that blocks the tap answers nothing before the end of the alarm.
      await session.unlessBlocked(() => this.receiveLast());
      await session.unlessBlocked(() => this.leaveTracing());
    } catch (error) {
      if (!session.isBlocked) throw error;
      this.leaveBlocked();
    } finally {
      this.buffer.close();
      await session.close();
    }
  }

  private async receiveLast(): Promise<void> {
    const drained = this.drain().catch(() => undefined);
    await Deadline.after(DRAIN_MS)
      .race(drained, () => new Error('late'))
      .catch(() => undefined);
  }

  private async leaveTracing(): Promise<void> {
    this.endInterruption();
    this.matcher.finish();
    // With the queue goes its mark of an owner of the tracing.
    await this.session.current?.deleteMessages().catch(() => undefined);
    if (!this.isLeft) await this.trace.leave();
  }

  /** Receives what is on its way. Notices tracing that was turned off since the last check. */
  private async drain(): Promise<void> {
    const { session, replies } = this;
    // A tap that is late has just seen something.
    if (replies && session.current && !this.isBlind && (this.lagMs ?? 0) < LATE_MS)
      this.isBlind = !(await this.echo()).isTraced && !(await this.echo()).isTraced;
    await session.drain();
  }

  /** Counts an interruption that is not over. */
  private endInterruption(): void {
    const { matcher, session } = this;
    const now = performance.now();
    const { openOutage } = session;
    if (openOutage) matcher.interrupted(openOutage.since, openOutage.reason, now);
    else if (this.isBlind) matcher.interrupted(this.lastTraced, 'tracing was off', now);
  }

  private leaveBlocked(): void {
    this.isLeft = true;
    this.matcher.finish();
    if (this.trace.state === 'turned on')
      this.notice(`Tracing stays on because of the alarm: turn it off with ${this.trace.command('trace_off')}`);
  }

  private resumed(since: number, reason: string): void {
    this.matcher.interrupted(since, reason, performance.now());
    this.lastTraced = performance.now();
    this.isUnmarked = true;
    void this.check();
  }

  private async echo(): Promise<Echo> {
    const { current, echoes } = this.session;
    if (!current) return { lagMs: 0, isTraced: !this.isBlind };
    const echo = await this.session.unlessBlocked(() => echoes.through(current, 'messages'));
    this.wasBlocked = false;
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
      const began = performance.now();
      const { isTraced } = await this.echo();
      // The trace of one echo may be among dropped messages.
      const isOn = isTraced || (this.replies && (await this.echo()).isTraced);
      if (this.replies && !this.closing) await this.judge(isOn, began);
    } catch (error) {
      // An alarm is named once.
      if (!this.closing && session.current && !this.wasBlocked) this.notice(toError(error).message);
      this.wasBlocked = session.isBlocked;
    } finally {
      this.isChecking = false;
    }
  }

  /** Follows the queues of servers. */
  private async look(): Promise<void> {
    const { session } = this;
    if (this.isLooking || this.closing) return;
    this.isLooking = true;
    try {
      await session.follow();
    } catch (error) {
      if (!this.closing && session.current) this.notice(toError(error).message);
    } finally {
      this.isLooking = false;
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
