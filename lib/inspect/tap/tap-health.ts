import { toError } from '../../internal.js';
import type { Echo } from './echoes.js';
import type { Matcher } from './matcher.js';
import type { TapChannel } from './tap-channel.js';
import type { TapSession } from './tap-session.js';
import type { TraceSwitch } from './trace-switch.js';

/** Lag from which a tap says that it is behind, in milliseconds. */
const LATE_MS = 1000;

/** Parts of a tap that its health depends on. */
export interface TapParts {
  readonly session: TapSession;
  readonly trace: TraceSwitch;
  readonly matcher: Matcher;
  /** True where the tap reads what the broker traces. */
  readonly replies: boolean;
  readonly notice: (line: string) => void;
}

/** Knowledge of a tap about itself: how far it is behind, and whether it still sees what is published. */
export class TapHealth {
  private isChecking = false;
  private isOver = false;
  /** Time of the last message that the broker traced, while it does; later undefined times are an interruption. */
  private lastTraced = performance.now();
  private isBlind = false;
  /** True where the last check has found an alarm. */
  private wasBlocked = false;
  /** True for a new queue, which does not have the mark of tracing yet. */
  private isUnmarked = false;
  private lag: number | undefined;

  constructor(private readonly parts: TapParts) {}

  /** Time by which the tap is behind, in milliseconds; undefined until it is known. */
  get lagMs(): number | undefined {
    const { outstandingMs } = this.parts.session.echoes;
    return this.lag === undefined ? undefined : Math.max(this.lag, outstandingMs);
  }

  /** Makes sure that the tap sees what is published. @throws MessageDeliveryFailure, TapRefused */
  async begin(channel: TapChannel): Promise<void> {
    const { replies, trace, notice } = this.parts;
    // Also without replies: proves that the tap may publish to its queues, as the broker does with dropped messages.
    await this.echo();
    if (replies) await trace.ensure(channel, () => this.echo());
    if (trace.staysOn) notice(trace.staysOn);
    this.lastTraced = performance.now();
  }

  /** Measures the lag, and turns on tracing that was turned off. Never rejects. */
  async check(): Promise<void> {
    const { session, replies, notice } = this.parts;
    if (this.isChecking || this.isOver || !session.current) return;
    this.isChecking = true;
    try {
      const began = performance.now();
      const { isTraced } = await this.echo();
      // The trace of one echo may be among dropped messages.
      const isOn = isTraced || (replies && (await this.echo()).isTraced);
      if (replies && !this.isOver) await this.judge(isOn, began);
    } catch (error) {
      // An alarm is named once.
      if (!this.isOver && session.current && !this.wasBlocked) notice(toError(error).message);
      this.wasBlocked = session.isBlocked;
    } finally {
      this.isChecking = false;
    }
  }

  /** Notes that the queue of the tap is a new one. */
  resumed(): void {
    this.lastTraced = performance.now();
    this.isUnmarked = true;
    void this.check();
  }

  /** Ends the checks. */
  stop(): void {
    this.isOver = true;
  }

  /** Notices tracing that was turned off since the last check. @throws MessageDeliveryFailure */
  async checkLast(): Promise<void> {
    const { replies, session } = this.parts;
    // A tap that is late has just seen something.
    if (replies && session.current && !this.isBlind && (this.lagMs ?? 0) < LATE_MS)
      this.isBlind = !(await this.echo()).isTraced && !(await this.echo()).isTraced;
  }

  /** Counts an interruption that is not over. */
  endInterruption(): void {
    const { matcher, session } = this.parts;
    const now = performance.now();
    const { openOutage } = session;
    if (openOutage) matcher.interrupted(openOutage.since, openOutage.reason, now);
    else if (this.isBlind) matcher.interrupted(this.lastTraced, 'tracing was off', now);
  }

  private async echo(): Promise<Echo> {
    const { session, notice } = this.parts;
    const { current, echoes } = session;
    if (!current) return { lagMs: 0, isTraced: !this.isBlind };
    const echo = await session.unlessBlocked(() => echoes.through(current, 'messages'));
    this.wasBlocked = false;
    const wasLate = (this.lag ?? 0) > LATE_MS;
    this.lag = echo.lagMs;
    if (echo.lagMs > LATE_MS && !wasLate)
      notice(`The tap is ${(echo.lagMs / 1000).toFixed(1)} s behind: it sees more than it can read`);
    return echo;
  }

  /** Handles the end of tracing, and its return. */
  private async judge(isTraced: boolean, began: number): Promise<void> {
    const { session, trace, matcher, notice } = this.parts;
    if (!isTraced && !this.isBlind) {
      this.isBlind = true;
      notice('The tap sees nothing: somebody turned off tracing, or the broker was restarted');
    }
    if ((!isTraced || this.isUnmarked) && session.current) await trace.ensure(session.current, () => this.echo());
    this.isUnmarked = false;
    if (this.isBlind) matcher.interrupted(this.lastTraced, 'tracing was off', performance.now());
    this.isBlind = false;
    this.lastTraced = began;
  }
}
