import { clearRealInterval, LIBRARY_VERSION, realInterval } from '../internal.js';
import { EventStreams } from './http/event-streams.js';
import type { History, Snapshot, Tick } from './protocol.js';
import type { ExplorerSource } from './source.js';

/** Interval of ticks, in milliseconds. */
const TICK_MS = 1000;
/** Number of ticks that are kept: ten minutes. */
const MAX_TICKS = 600;
/** Interval in which messages are sent, in milliseconds. */
const MESSAGES_MS = 250;
/** Age of the findings and counts from which they are asked for again, in milliseconds. */
const REFRESH_MS = 10_000;
/** Longest wait of a snapshot for the first of them, in milliseconds. */
const FIRST_REFRESH_MS = 2000;
/** Multiple of the time of asking, between two times: a broker that answers slowly is asked less often. */
const REFRESH_REST = 1;
/** Multiple of the time of making a snapshot, between two of them: snapshots of many topics take at most 1 % of the CPU. */
const SNAPSHOT_REST = 100;
/** Number of ticks between snapshots of which only numbers have changed. */
const NUMBERS_EVERY = 5;

/** Settings of an {@link Explorer}. */
export interface ExplorerSettings {
  readonly readOnly: boolean;
  /** Maximum number of pages that get events. */
  readonly maxClients: number;
}

/** State of the page: ticks, messages and snapshots of a source, and the pages that get them. */
export class Explorer {
  readonly streams: EventStreams;
  private readonly ticks: Tick[] = [];
  private readonly ticking: NodeJS.Timeout;
  private sending: NodeJS.Timeout | undefined;
  private tickedAt = performance.now();
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private refreshDueAt = Number.NEGATIVE_INFINITY;
  private snapshotDueAt = Number.NEGATIVE_INFINITY;
  private refreshing: Promise<void> | undefined;
  private lastShape = '';
  private lastSnapshot = '';
  private ticksSinceSnapshot = 0;
  private isClosed = false;

  constructor(
    readonly source: ExplorerSource,
    readonly settings: ExplorerSettings,
  ) {
    this.streams = new EventStreams(settings.maxClients, (count) => this.watch(count));
    // With a faked interval, a test that runs all timers would never end.
    this.ticking = realInterval(() => this.tick(), TICK_MS).unref();
  }

  /** Returns the state. Asks for new findings and counts in the background, and waits for the first ones. */
  async snapshot(): Promise<Snapshot> {
    const isFirst = this.refreshedAt === Number.NEGATIVE_INFINITY;
    const refreshing = this.refresh();
    if (isFirst && refreshing) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FIRST_REFRESH_MS).unref();
      });
      await Promise.race([refreshing, late]);
      clearTimeout(timer);
    }
    return this.current();
  }

  /** Returns what has happened before. */
  history(): History {
    const { source } = this;
    return { ticks: [...this.ticks], ...source.seen.history(), slowThreshold: source.slowThreshold };
  }

  /** Ends the pages' events and all timers. Safe to call twice. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    clearRealInterval(this.ticking);
    this.streams.close();
    await this.source.close();
  }

  private watch(count: number): void {
    const isWatched = count > 0;
    if (isWatched === (this.sending !== undefined)) return;
    if (isWatched) this.sending = realInterval(() => this.sendMessages(), MESSAGES_MS).unref();
    else {
      clearRealInterval(this.sending);
      this.sending = undefined;
    }
    this.source.watch(isWatched);
  }

  private tick(): void {
    const { source, ticks, streams } = this;
    const now = performance.now();
    const tick: Tick = {
      at: Date.now(),
      elapsed: Math.round(now - this.tickedAt),
      ...source.take(),
      ...source.gauges(),
    };
    this.tickedAt = now;
    ticks.push(tick);
    if (ticks.length > MAX_TICKS) ticks.shift();
    if (streams.count === 0) {
      // They are in the history of the next page.
      source.seen.takeChanged();
      return;
    }
    void this.refresh();
    streams.send('tick', tick);
    this.sendSnapshot();
  }

  private sendMessages(): void {
    const changed = this.source.seen.takeChanged();
    if (changed.length > 0) this.streams.send('messages', changed);
  }

  /** Sends a snapshot where something has changed; less often where only numbers have. */
  private sendSnapshot(): void {
    this.ticksSinceSnapshot++;
    const began = performance.now();
    if (began < this.snapshotDueAt) return;
    this.sendChanged(this.current());
    const now = performance.now();
    this.snapshotDueAt = now + (now - began) * SNAPSHOT_REST;
  }

  private sendChanged(snapshot: Snapshot): void {
    const shape = JSON.stringify(snapshot, withoutNumbers);
    if (shape === this.lastShape && this.ticksSinceSnapshot < NUMBERS_EVERY) return;
    const all = JSON.stringify({ ...snapshot, at: 0 });
    this.ticksSinceSnapshot = 0;
    if (all === this.lastSnapshot) return;
    this.lastShape = shape;
    this.lastSnapshot = all;
    this.streams.send('snapshot', snapshot);
  }

  /** Starts to ask where the answers are old. Returns the promise of asking that is under way. */
  private refresh(): Promise<void> | undefined {
    if (this.isClosed) return undefined;
    const began = performance.now();
    if (this.refreshing === undefined && began >= this.refreshDueAt)
      this.refreshing = this.source.refresh().finally(() => {
        this.refreshing = undefined;
        this.refreshedAt = performance.now();
        this.refreshDueAt = this.refreshedAt + Math.max(REFRESH_MS, (this.refreshedAt - began) * REFRESH_REST);
      });
    return this.refreshing;
  }

  private current(): Snapshot {
    const { source, settings } = this;
    const isWritable = !settings.readOnly;
    return {
      at: Date.now(),
      title: source.title,
      source: source.kind,
      version: LIBRARY_VERSION,
      readOnly: settings.readOnly,
      can: { ...source.can, call: isWritable, replay: isWritable && source.can.dead },
      ...source.view(),
    };
  }
}

/** Members whose changes are no news. */
const NUMBERS: ReadonlySet<string> = new Set([
  ...['at', 'stats', 'counts', 'slots', 'pending', 'ready', 'unacknowledged', 'lastSeen', 'count', 'findingsAt'],
  'blockedSeconds',
]);

function withoutNumbers(key: string, value: unknown): unknown {
  return NUMBERS.has(key) ? undefined : value;
}
