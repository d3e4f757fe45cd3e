import type { ManagementApi, Settings, TransportURL } from '../../internal.js';
import { Deadline, toError } from '../../internal.js';
import { CompiledFilter } from './compiled-filter.js';
import { ConnectionNames } from './connection-names.js';
import { EventBuffer } from './event-buffer.js';
import { Matcher } from './matcher.js';
import { Receivers } from './receivers.js';
import { RequestBindings } from './request-bindings.js';
import type { Tap, TapTracing } from './tap.js';
import { FixedBindings } from './tap-bindings.js';
import type { TapEvent } from './tap-event.js';
import { TapHealth } from './tap-health.js';
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
/** Maximum time at the end to receive what is on its way, in milliseconds. */
const DRAIN_MS = 2000;

/** Tap on a broker. */
export class RunningTap implements Tap {
  private readonly buffer: EventBuffer<TapEvent>;
  private readonly matcher: Matcher;
  private readonly session: TapSession;
  private readonly trace: TraceSwitch;
  private readonly health: TapHealth;
  private readonly replies: boolean;
  private readonly notice: (line: string) => void;
  private readonly opened = performance.now();
  private readonly timers: NodeJS.Timeout[] = [];
  private isLooking = false;
  /** True where the tap has left because of an alarm, whatever still waits for the broker. */
  private isLeft = false;
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
        : new RequestBindings(watched, new Receivers(watched, api, this.notice), this.notice),
      received: (queue, message) => intake.take(queue, message, this.session.echoes),
      resumed: (since, reason) => this.resumed(since, reason),
      notice: this.notice,
    });
    const { session, trace, matcher } = this;
    this.health = new TapHealth({ session, trace, matcher, replies, notice: this.notice });
  }

  get counts(): TapCounts {
    return this.matcher.counts;
  }

  get tracing(): TapTracing {
    return this.trace.state;
  }

  get lagMs(): number | undefined {
    return this.health.lagMs;
  }

  /** @throws MessageDeliveryFailure, TapRefused */
  async open(): Promise<void> {
    await this.health.begin(await this.session.open());
    this.timers.push(
      setInterval(() => this.matcher.expire(performance.now()), EXPIRY_MS),
      setInterval(() => void this.health.check(), CHECK_MS),
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
    this.health.stop();
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

  /** Receives what is on its way. Notes that the rest is lost where that takes too long. */
  private async receiveLast(): Promise<void> {
    const { health, session, matcher } = this;
    const drained = health.checkLast().then(() => session.drain());
    try {
      await Deadline.after(DRAIN_MS).race(drained, () => new Error('late'));
    } catch {
      // An outage is an interruption, which is counted.
      if (!session.openOutage) matcher.lostMore(performance.now());
    }
  }

  private async leaveTracing(): Promise<void> {
    this.health.endInterruption();
    this.matcher.finish();
    // With the queue goes its mark of an owner of the tracing.
    await this.session.current?.deleteMessages().catch(() => undefined);
    if (!this.isLeft) await this.trace.leave();
  }

  private leaveBlocked(): void {
    this.isLeft = true;
    this.matcher.finish();
    if (this.trace.state === 'turned on')
      this.notice(`Tracing stays on because of the alarm: turn it off with ${this.trace.command('trace_off')}`);
  }

  private resumed(since: number, reason: string): void {
    this.matcher.interrupted(since, reason, performance.now());
    this.health.resumed();
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
}
