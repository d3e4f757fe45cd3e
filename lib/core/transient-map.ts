interface Slot<V> {
  value: V | undefined;
}

/**
 * Map of values that come and go. It empties what it removes, since the tables of a `Map` may outlive that by far: see
 * `Sequence`, which is better where values can be numbered.
 */
export class TransientMap<K, V extends NonNullable<unknown>> {
  private readonly slots = new Map<K, Slot<V>>();

  get size(): number {
    return this.slots.size;
  }

  has(key: K): boolean {
    return this.slots.has(key);
  }

  get(key: K): V | undefined {
    return this.slots.get(key)?.value;
  }

  /** Adds a value, in the place of the one that the key has. */
  set(key: K, value: V): void {
    const slot = this.slots.get(key);
    if (slot) slot.value = value;
    else this.slots.set(key, { value });
  }

  /** Removes a value. Returns it; undefined when there is none. */
  remove(key: K): V | undefined {
    const slot = this.slots.get(key);
    if (slot === undefined) return undefined;
    const { value } = slot;
    slot.value = undefined;
    this.slots.delete(key);
    return value;
  }

  clear(): void {
    for (const key of this.slots.keys()) this.remove(key);
  }

  /** The values with their keys, the oldest first. Values may be added and removed meanwhile. */
  *entries(): Generator<[K, V]> {
    for (const [key, { value }] of this.slots) if (value !== undefined) yield [key, value];
  }

  /** The values, the oldest first. */
  values(): V[] {
    return Array.from(this.entries(), ([, value]) => value);
  }
}
