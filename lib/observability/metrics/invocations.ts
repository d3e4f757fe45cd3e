import type { Registry } from 'prom-client';
import { LabelSets, type Labels } from './label-sets.js';
import { type CounterSeries, type HistogramSeries, SeriesCounter, SeriesHistogram } from './series.js';

/** Upper bounds of the buckets of durations, in seconds, as in oslo.metrics. */
export const OSLO_BUCKETS: readonly number[] = [
  ...[0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75],
  ...[1, 2.5, 5, 7.5, 10, 25, 50, 75, 100],
];

/** Maximum number of label sets of one metric. */
export const MAX_LABEL_SETS = 1000;

/** Place where metrics are registered. */
export interface Place {
  readonly register: Registry;
  /** Prefix of the names. */
  readonly prefix: string;
  readonly buckets: readonly number[];
}

/** One kind of invocation. `name` is a part of the names of metrics. */
interface Kind<Name extends string> {
  readonly name: string;
  /** Subject of the help texts, in the plural. */
  readonly subject: string;
  readonly labels: readonly Name[];
  /** Labels that are kept where there are too many label sets. */
  readonly kept: readonly Name[];
  /** True where handlers announce exceptions, which are counted apart from failures. */
  readonly expects?: boolean;
}

/** Invocations with one label set. */
export class Invocation {
  constructor(
    private readonly begun: CounterSeries,
    private readonly ended: CounterSeries,
    private readonly durations: HistogramSeries,
    private readonly countFailure: (error: unknown, isExpected: boolean) => void,
  ) {
    // A series from the first one on: what is in flight is the difference of the two counters.
    ended.add(0);
  }

  /** Counts the beginning of one. Returns the time of it, for {@link until}. */
  begin(): number {
    this.begun.add(1);
    return performance.now();
  }

  /**
   * Measures until the work settles. Returns the promise of the work itself: a further one would cost time and memory.
   * @param isExpected returns true for an error that is no failure
   */
  until(work: Promise<unknown>, since: number, isExpected?: (error: unknown) => boolean): Promise<unknown> {
    work.then(
      () => this.end(since),
      (error: unknown) => {
        this.countFailure(error, isExpected?.(error) ?? false);
        this.end(since);
      },
    );
    return work;
  }

  private end(since: number): void {
    this.ended.add(1);
    this.durations.observe((performance.now() - since) / 1000);
  }
}

/** Counters and a histogram of one kind of invocations, named as oslo.metrics names them. */
export class Invocations<Name extends string> {
  private readonly sets: LabelSets<Name, Invocation>;

  constructor({ register, prefix, buckets }: Place, { name, subject, labels, kept, expects }: Kind<Name>) {
    const registers = [register];
    const counter = (end: string, help: string, labelNames: readonly string[]) =>
      new SeriesCounter({ name: `${prefix}${name}_${end}`, help, labelNames, registers });
    const begun = counter('invocation_start_total', `${subject} that began`, labels);
    const ended = counter('invocation_end_total', `${subject} that ended`, labels);
    const failed = counter('exception_total', `${subject} that failed, by class of the error`, [
      ...labels,
      'exception',
    ]);
    const expected =
      expects &&
      counter('expected_exception_total', `${subject} that ended with one of their expected exceptions`, [
        ...labels,
        'exception',
      ]);
    const seconds = new SeriesHistogram(
      {
        name: `${prefix}${name}_processing_seconds`,
        help: `Duration of ${subject.toLowerCase()}`,
        labelNames: labels,
        registers,
      },
      buckets,
    );
    const failures = seriesOf(failed, kept);
    const expectedFailures = expected && seriesOf(expected, kept);
    this.sets = new LabelSets(MAX_LABEL_SETS, kept, (set) => {
      // The labels as they are counted: those of an overflowing set are few.
      const fail = (error: unknown, isExpected: boolean) => {
        const counted = (isExpected && expectedFailures) || failures;
        counted.of({ ...set, exception: classOf(error) } as Labels<Name | 'exception'>).add(1);
      };
      return new Invocation(begun.series(set), ended.series(set), seconds.series(set), fail);
    });
  }

  /** Returns the invocations with a label set. */
  of(labels: Labels<Name>): Invocation {
    return this.sets.of(labels);
  }
}

function seriesOf<Name extends string>(counter: SeriesCounter, kept: readonly Name[]) {
  return new LabelSets<Name | 'exception', CounterSeries>(MAX_LABEL_SETS, kept, (set) => counter.series(set));
}

/** Class of an error, of which a program has few: an exception of a remote server without a class here is a `RemoteError`. */
function classOf(error: unknown): string {
  try {
    return error instanceof Error ? error.constructor?.name || 'Error' : typeof error;
  } catch {
    // A handler can throw any value, one that throws when it is read, too.
    return 'Error';
  }
}
