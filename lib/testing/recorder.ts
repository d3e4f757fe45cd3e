import type { Entry, Sent } from './entry.js';
import type { AnyRecord, CallRecord, CastRecord, NotificationRecord } from './records.js';

/** Maximum number of messages of each kind that are kept, by default. */
export const MAX_RECORDS = 10_000;

/** Recorded messages. Of each kind, the newest are kept. */
export class Recorder {
  private entries: Record<Sent['kind'], Entry[]> = { call: [], cast: [], notification: [] };
  /** Entries by the unique ids of their messages. */
  private readonly byId = new Map<string, Entry>();

  /** @param limit maximum number of messages of each kind */
  constructor(private readonly limit: number) {}

  get calls(): readonly CallRecord[] {
    return this.snapshots('call');
  }

  get casts(): readonly CastRecord[] {
    return this.snapshots('cast');
  }

  get notifications(): readonly NotificationRecord[] {
    return this.snapshots('notification');
  }

  /** Adds a message. The oldest of its kind is dropped beyond the limit. */
  add<E extends Entry>(entry: E): E {
    const entries = this.entries[entry.sent.kind];
    entries.push(entry);
    if (entries.length > this.limit) for (const id of entries.shift()?.ids ?? []) this.byId.delete(id);
    return entry;
  }

  /** Adds an id by which {@link find} finds a message. */
  name(entry: Entry, id: string | undefined): void {
    if (id === undefined) return;
    entry.ids.push(id);
    this.byId.set(id, entry);
  }

  /** Returns the message with an id. */
  find(id: string | undefined): Entry | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  /** Forgets all messages. */
  clear(): void {
    this.entries = { call: [], cast: [], notification: [] };
    this.byId.clear();
  }

  private snapshots<K extends Sent['kind']>(kind: K): readonly (AnyRecord & { kind: K })[] {
    return Object.freeze(this.entries[kind].map((entry) => entry.snapshot() as AnyRecord & { kind: K }));
  }
}
