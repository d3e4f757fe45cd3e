import { MessagingTimeout, RemoteError } from '../../internal.js';
import { ErrorCounts } from './error-counts.js';
import { type LatencyFigures, LatencyHistogram } from './latency-histogram.js';

/** Numbers of messages. */
export interface RequestCounts {
  /** Messages that were sent. Each then succeeded, failed, or was cancelled. */
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Messages without an answer when Ctrl-C ended the load. */
  readonly cancelled: number;
}

/** Figures of one second. */
export interface SecondFigures extends Omit<RequestCounts, 'cancelled'> {
  /** Length in seconds: timers are not exact. */
  readonly seconds: number;
  readonly latency: LatencyFigures | undefined;
}

/** Remote errors that each further request would get. */
const HOPELESS = new Set(['NoSuchMethod', 'UnsupportedVersion']);

/** Outcomes of the messages of a load. */
export class Measurement {
  /** Latencies of answers, remote errors and timeouts, from when the message was due. */
  readonly latency = new LatencyHistogram();
  /** The same from when the message was sent. */
  readonly fromSending = new LatencyHistogram();
  readonly errors = new ErrorCounts();
  /** First error, where it shows that no message can succeed, so that the load ends. */
  hopeless: unknown;
  readonly #second = new LatencyHistogram();
  readonly #since = performance.now();
  #until = this.#since;
  #secondSince = this.#since;
  #atSecond = { sent: 0, succeeded: 0, failed: 0 };
  #sent = 0;
  #succeeded = 0;
  #failed = 0;
  #cancelled = 0;

  get inFlight(): number {
    return this.#sent - this.#succeeded - this.#failed - this.#cancelled;
  }

  get counts(): RequestCounts {
    return { sent: this.#sent, succeeded: this.#succeeded, failed: this.#failed, cancelled: this.#cancelled };
  }

  /** Seconds from the start to the last answer. */
  get seconds(): number {
    return (this.#until - this.#since) / 1000;
  }

  sent(): void {
    this.#sent += 1;
  }

  /** @param due time at which the message was due @param sent time at which it was sent */
  succeeded(due: number, sent: number): void {
    this.#succeeded += 1;
    this.#answered(due, sent);
  }

  failed(error: unknown, due: number, sent: number): void {
    if (this.#succeeded === 0 && this.#failed === 0 && isHopeless(error)) this.hopeless = error;
    this.#failed += 1;
    this.errors.add(error);
    if (isAnswer(error)) this.#answered(due, sent);
    else this.#until = performance.now();
  }

  cancelled(): void {
    this.#cancelled += 1;
  }

  /** Returns the figures since the last call, or since the start. */
  takeSecond(): SecondFigures {
    const now = performance.now();
    const { sent, succeeded, failed } = this.counts;
    const before = this.#atSecond;
    const figures = {
      seconds: (now - this.#secondSince) / 1000,
      sent: sent - before.sent,
      succeeded: succeeded - before.succeeded,
      failed: failed - before.failed,
      latency: this.#second.figures(),
    };
    this.#secondSince = now;
    this.#atSecond = { sent, succeeded, failed };
    this.#second.reset();
    return figures;
  }

  #answered(due: number, sent: number): void {
    const now = performance.now();
    this.#until = now;
    this.latency.record(now - due);
    this.#second.record(now - due);
    this.fromSending.record(now - sent);
  }
}

/** Returns true for an error that came after a wait for the server, which is a latency. */
export function isAnswer(error: unknown): boolean {
  return (
    error instanceof RemoteError || error instanceof MessagingTimeout || !(error instanceof Error && 'code' in error)
  );
}

function isHopeless(error: unknown): boolean {
  return error instanceof RemoteError ? HOPELESS.has(error.excType) : true;
}
