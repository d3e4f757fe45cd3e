/** Names of one section of the document: unique, and of the characters that its keys may have. */
export class Names {
  private readonly taken = new Map<string, unknown>();

  /** Returns the name of a thing. Another thing of the same name gets a number behind it. */
  of(wanted: string, thing: unknown = {}): string {
    const name = wanted.replace(/[^\w.-]+/g, '_') || '_';
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if (this.taken.has(candidate) && this.taken.get(candidate) !== thing) continue;
      this.taken.set(candidate, thing);
      return candidate;
    }
  }
}

/** Returns a copy of a record whose keys are in order. */
export function sorted<T>(record: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries([...record].sort(([one], [other]) => compare(one, other)));
}

/** Compares texts by their code units, so that the order depends on no locale. */
export function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
