/** Value of a label whose values would be too many, or are not known here. */
export const OTHER = '_OTHER';

/** Values of the labels of one metric. */
export type Labels<Name extends string> = Readonly<Record<Name, string>>;

/** Lets the first distinct values of a label pass. The others are {@link OTHER}. */
export class BoundedValues {
  private readonly known = new Set<string>();

  constructor(private readonly max: number) {}

  /** Returns the value, or `_OTHER`. */
  admit(value: string): string {
    if (this.known.has(value)) return value;
    if (this.known.size >= this.max) return OTHER;
    this.known.add(value);
    return value;
  }
}

/**
 * Children of metrics by their labels. The number of label sets is bounded: further ones share one child, whose labels are
 * {@link OTHER} but for those that are kept.
 */
export class LabelSets<Name extends string, Child> {
  private readonly children = new Map<string, Child>();

  /**
   * @param max maximum number of label sets
   * @param kept labels with few values, which an overflowing set keeps
   */
  constructor(
    private readonly max: number,
    private readonly kept: readonly Name[],
    private readonly make: (labels: Labels<Name>) => Child,
  ) {}

  /** Returns the child of the labels. */
  of(labels: Labels<Name>): Child {
    const values = Object.values<string>(labels);
    const key = values.join('\0');
    const known = this.children.get(key);
    if (known) return known;
    if (this.children.size >= this.max) return this.overflow(labels);
    return this.add(key, labels);
  }

  /** Not counted against the maximum: the kept labels have few values. */
  private overflow(labels: Labels<Name>): Child {
    const names = Object.keys(labels) as Name[];
    const other = Object.fromEntries(
      names.map((name) => [name, this.kept.includes(name) ? labels[name] : OTHER]),
    ) as Labels<Name>;
    const key = Object.values<string>(other).join('\0');
    return this.children.get(key) ?? this.add(key, other);
  }

  private add(key: string, labels: Labels<Name>): Child {
    const child = this.make(labels);
    this.children.set(key, child);
    return child;
  }
}
