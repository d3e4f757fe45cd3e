import type { ObservedMessage } from '../../internal.js';
import type { SeenMessage } from '../protocol.js';
import type { DirectionCounter } from './direction-counter.js';
import { bucketOf } from './latency-buckets.js';
import type { MaskedValues } from './masked-values.js';
import type { MethodCounts } from './method-statistics.js';
import type { OpenSeenMessage } from './seen-messages.js';

/** Parts of a message that are shown. */
export type ShownParts = Pick<
  SeenMessage,
  | 'kind'
  | 'direction'
  | 'exchange'
  | 'topic'
  | 'server'
  | 'namespace'
  | 'version'
  | 'method'
  | 'args'
  | 'caller'
  | 'requestId'
  | 'messageId'
  | 'handler'
  | 'waited'
>;

/** Sample of a message. */
export interface Sample {
  readonly message: OpenSeenMessage;
  readonly masked: MaskedValues;
}

/** Place that samples of messages go to. */
export interface SampleSink {
  /** Duration from which a message is slow, in milliseconds. */
  readonly slowThreshold: number;
  /** Makes a sample of one that has failed or was slow, where there is room. */
  sampleLate(message: RecordedMessage, isFailed: boolean, duration: number): Sample | undefined;
  /** Notes the end of a sample. */
  end(sample: Sample, duration: number, result: unknown, error: unknown): void;
  /** Returns true for the error of a call without a reply in time. */
  isTimeout(error: unknown): boolean;
}

/** Message that is counted until it ends, and shown where it is sampled. */
export abstract class RecordedMessage implements ObservedMessage {
  /** Sample of the beginning; undefined where there was no room. */
  sample: Sample | undefined;

  constructor(
    private readonly sink: SampleSink,
    private readonly counter: DirectionCounter,
    private readonly counts: MethodCounts | undefined,
    private readonly count: number,
    /** Beginning, on the monotonic clock in milliseconds. */
    readonly began: number,
  ) {}

  /** Returns the values whose secrets are masked. */
  abstract secrets(): readonly unknown[];

  /** Returns what is shown. */
  abstract show(masked: MaskedValues): ShownParts;

  done(result: unknown): void {
    const duration = this.end(false);
    const { sink } = this;
    const isSlow = duration >= sink.slowThreshold;
    const sample = this.sample ?? (isSlow ? sink.sampleLate(this, false, duration) : undefined);
    if (sample !== undefined) sink.end(sample, duration, result, undefined);
  }

  failed(error: unknown): void {
    const duration = this.end(true);
    const { sink } = this;
    this.counter.fail(sink.isTimeout(error));
    const sample = this.sample ?? sink.sampleLate(this, true, duration);
    if (sample !== undefined) sink.end(sample, duration, undefined, error);
  }

  private end(isFailed: boolean): number {
    const duration = performance.now() - this.began;
    const bucket = bucketOf(duration);
    this.counter.end(this.count, duration, bucket);
    this.counts?.end(duration, bucket, isFailed);
    return duration;
  }
}
