/** Maximum number of methods of one target. A client can call any names. */
const MAX_METHODS = 1000;

/**
 * Entries by target and method, for as long as the target lives: what a message of the same kind needs again, such as labels
 * and attributes. An entry holds for the messages that it was made for; the reader compares the rest of what it depends on.
 */
export class MethodCache<Entry extends object> {
  private readonly targets = new WeakMap<object, Map<string, Entry>>();

  /** Returns the entry that was kept last. */
  get(target: object, method: string): Entry | undefined {
    return this.targets.get(target)?.get(method);
  }

  /** Keeps an entry in place of an earlier one. Returns it. A target with too many methods keeps no further ones. */
  keep(target: object, method: string, entry: Entry): Entry {
    const methods = this.targets.get(target);
    if (methods === undefined) this.targets.set(target, new Map([[method, entry]]));
    else if (methods.size < MAX_METHODS || methods.has(method)) methods.set(method, entry);
    return entry;
  }
}
