import { Counter, Histogram, type Registry } from 'prom-client';
import { LabelSets, type Labels } from './label-sets.js';

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
}

interface Invocation {
  readonly begin: () => void;
  readonly end: (seconds: number) => void;
  readonly labels: Readonly<Record<string, string>>;
}

/** Counters and a histogram of one kind of invocations, named as oslo.metrics names them. */
export class Invocations<Name extends string> {
  private readonly sets: LabelSets<Name, Invocation>;
  private readonly failed: LabelSets<Name | 'exception', () => void>;

  constructor({ register, prefix, buckets }: Place, { name, subject, labels, kept }: Kind<Name>) {
    const registers = [register];
    const counter = (end: string, help: string, labelNames: readonly string[]) =>
      new Counter({ name: `${prefix}${name}_${end}`, help, labelNames: [...labelNames], registers });
    const begun = counter('invocation_start_total', `${subject} that began`, labels);
    const ended = counter('invocation_end_total', `${subject} that ended`, labels);
    const failed = counter('exception_total', `${subject} that failed, by class of the error`, [
      ...labels,
      'exception',
    ]);
    const seconds = new Histogram({
      name: `${prefix}${name}_processing_seconds`,
      help: `Duration of ${subject.toLowerCase()}`,
      labelNames: [...labels],
      buckets: [...buckets],
      registers,
    });
    this.sets = new LabelSets(MAX_LABEL_SETS, kept, (set) => {
      const [begins, ends, durations] = [begun.labels(set), ended.labels(set), seconds.labels(set)];
      // A series from the first one on: what is in flight is the difference of the two counters.
      ends.inc(0);
      return {
        labels: set,
        begin: () => begins.inc(),
        end: (duration) => {
          ends.inc();
          durations.observe(duration);
        },
      };
    });
    this.failed = new LabelSets(MAX_LABEL_SETS, kept, (set) => {
      const failures = failed.labels(set);
      return () => failures.inc();
    });
  }

  /** Measures work. Settles as it does. */
  async measure(labels: Labels<Name>, work: () => Promise<unknown>): Promise<unknown> {
    const invocation = this.sets.of(labels);
    const since = performance.now();
    invocation.begin();
    try {
      return await work();
    } catch (error) {
      // The labels as they are counted: those of an overflowing set are few.
      const counted = invocation.labels as Labels<Name>;
      this.failed.of({ ...counted, exception: classOf(error) } as Labels<Name | 'exception'>)();
      throw error;
    } finally {
      invocation.end((performance.now() - since) / 1000);
    }
  }
}

/** Class of an error, of which a program has few: an exception of a remote server without a class here is a `RemoteError`. */
function classOf(error: unknown): string {
  return error instanceof Error ? error.constructor?.name || 'Error' : typeof error;
}
