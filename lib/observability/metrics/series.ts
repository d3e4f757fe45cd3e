import { Counter, Histogram } from 'prom-client';

/** Values of the labels of one series. */
type SeriesLabels = Readonly<Record<string, string>>;

/** Series of one metric that have a value, in the order of their first values: prom-client shows them so. */
class ShownSeries<One extends { readonly labels: SeriesLabels; clear(): void }> {
  private readonly shown = new Set<One>();

  add(series: One): void {
    this.shown.add(series);
  }

  /** Hides all series until they get another value. */
  clear(): void {
    for (const series of this.shown) series.clear();
    this.shown.clear();
  }

  /** Hides the series with these labels. @param given labels, or their values in the order of the names */
  remove(given: readonly unknown[], names: readonly string[]): void {
    const [first] = given;
    const values = typeof first === 'object' && first !== null ? names.map((name) => Reflect.get(first, name)) : given;
    for (const series of this.shown) {
      if (names.some((name, index) => series.labels[name] !== values[index])) continue;
      series.clear();
      this.shown.delete(series);
    }
  }

  flatMap<T>(samplesOf: (series: One) => readonly T[]): T[] {
    return [...this.shown].flatMap(samplesOf);
  }
}

/** One series of a {@link SeriesCounter}. */
export class CounterSeries {
  value = 0;
  private isShown = false;

  constructor(
    readonly labels: SeriesLabels,
    private readonly shown: ShownSeries<CounterSeries>,
  ) {}

  /** @param count 0 to show the series */
  add(count: number): void {
    if (!this.isShown) {
      this.isShown = true;
      this.shown.add(this);
    }
    this.value += count;
  }

  clear(): void {
    this.isShown = false;
    this.value = 0;
  }
}

/** One series of a {@link SeriesHistogram}. */
export class HistogramSeries {
  sum = 0;
  count = 0;
  /** Number of values in each bucket, without those of the lower ones. */
  readonly counts: number[];

  constructor(
    readonly labels: SeriesLabels,
    private readonly bounds: readonly number[],
    private readonly shown: ShownSeries<HistogramSeries>,
  ) {
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    if (this.count === 0) this.shown.add(this);
    this.count += 1;
    this.sum += value;
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    if (bucket < bounds.length) counts[bucket] = (counts[bucket] as number) + 1;
  }

  clear(): void {
    this.sum = 0;
    this.count = 0;
    this.counts.fill(0);
  }
}

/** Parts of the configuration of a metric. */
interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: NonNullable<ConstructorParameters<typeof Counter>[0]['registers']>;
}

/** Sample of a series. */
interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
  /** Labels of the series, where they are apart from those of the sample: a registry makes their text once. */
  readonly sharedLabels?: SeriesLabels;
}

/** Returns samples as a registry reads them. */
function shownAs<Shown>(metric: object, values: readonly Sample[]): Shown {
  const { name, help, type, aggregator } = metric as Record<string, unknown>;
  return { name, help, type, values, aggregator } as Shown;
}

/**
 * Counter of prom-client whose series hold their values: prom-client makes a text of all labels for each increment. It shows
 * the same, but only its series can be incremented.
 */
export class SeriesCounter extends Counter {
  /** Undefined while the constructor of prom-client resets the metric. */
  private readonly shown: ShownSeries<CounterSeries> | undefined = new ShownSeries();

  constructor(private readonly definition: Definition) {
    super({ ...definition });
  }

  /** Returns a new series. @param labels values of all labels, which no other series has */
  series(labels: SeriesLabels): CounterSeries {
    return new CounterSeries(labels, this.shown ?? new ShownSeries());
  }

  override async get(): ReturnType<Counter['get']> {
    return shownAs(this, this.shown?.flatMap(({ value, labels }) => [{ value, labels: { ...labels } }]) ?? []);
  }

  override reset(): void {
    super.reset();
    this.shown?.clear();
  }

  override remove(...labels: readonly unknown[]): void {
    this.shown?.remove(labels, this.definition.labelNames);
  }
}

/** Histogram of prom-client whose series hold their values, as those of a {@link SeriesCounter}. */
export class SeriesHistogram extends Histogram {
  private readonly shown: ShownSeries<HistogramSeries> | undefined = new ShownSeries();

  constructor(
    private readonly definition: Definition,
    private readonly bounds: readonly number[],
  ) {
    super({ ...definition, buckets: [...bounds] });
  }

  /** Returns a new series. @param labels values of all labels, which no other series has */
  series(labels: SeriesLabels): HistogramSeries {
    return new HistogramSeries(labels, this.bounds, this.shown ?? new ShownSeries());
  }

  override async get(): ReturnType<Histogram['get']> {
    const whole = ({ sharedLabels, labels, ...sample }: Sample) => ({
      ...sample,
      labels: { ...labels, ...sharedLabels },
    });
    return shownAs(this, this.samples().map(whole));
  }

  /** Returns the samples for the text of a registry, which asks a histogram by this name. */
  async getForPromString(): Promise<unknown> {
    return shownAs(this, this.samples());
  }

  override reset(): void {
    super.reset();
    this.shown?.clear();
  }

  override remove(...labels: readonly unknown[]): void {
    this.shown?.remove(labels, this.definition.labelNames);
  }

  private samples(): Sample[] {
    const { name } = this.definition;
    return this.shown?.flatMap((series) => this.samplesOf(series, name)) ?? [];
  }

  private samplesOf({ labels: sharedLabels, sum, count, counts }: HistogramSeries, name: string): Sample[] {
    let total = 0;
    const upTo = (le: string | number, value: number): Sample => ({
      labels: { le },
      sharedLabels,
      value,
      metricName: `${name}_bucket`,
    });
    const buckets = this.bounds.map((bound, index) => {
      total += counts[index] ?? 0;
      return upTo(bound, total);
    });
    const totals = { labels: {}, sharedLabels };
    return [
      ...buckets,
      upTo('+Inf', count),
      { ...totals, value: sum, metricName: `${name}_sum` },
      { ...totals, value: count, metricName: `${name}_count` },
    ];
  }
}
