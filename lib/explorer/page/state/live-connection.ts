import { type ExplorerEvents, ROUTES } from '../../protocol.js';
import { RefusedError, readHistory, readSnapshot, textOf, whyRefused } from './requests.js';
import type { Store } from './store.js';

/** Time without any event after which the connection is taken for lost, in milliseconds. Ticks come once a second. */
const SILENCE_MS = 15_000;
/** Delays before a connection is tried again, in milliseconds. The last one repeats. */
const RETRY_DELAYS_MS = [1000, 2000, 4000, 8000, 15_000];

type EventName = keyof ExplorerEvents;

/** Connection to the server of the page: state first, then events. Connects again for ever, with growing delays. */
export class LiveConnection {
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private lostSince: number | undefined;
  /** Number of the attempt: what belongs to an earlier one is dropped. */
  private attempt = 0;

  constructor(private readonly store: Store) {
    window.addEventListener('online', () => this.retryNow());
  }

  start(): void {
    void this.connect();
  }

  /** Tries at once, where a retry waits. */
  retryNow(): void {
    if (this.timer !== undefined) void this.connect();
  }

  private async connect(): Promise<void> {
    this.end();
    this.attempt++;
    const { attempt } = this;
    try {
      // Events that come while the state is read are newer than the state, and are not lost.
      const early: (() => void)[] = [];
      let isReady = false;
      const source = this.open((deliver) => {
        if (isReady) deliver();
        else early.push(deliver);
      });
      const [snapshot, history] = await Promise.all([readSnapshot(), readHistory()]);
      if (attempt !== this.attempt || source !== this.source) return;
      this.store.snapshot(snapshot);
      this.store.history(history);
      isReady = true;
      for (const deliver of early) deliver();
    } catch (error) {
      if (attempt === this.attempt) this.lose(textOf(error), error instanceof RefusedError);
    }
  }

  private open(handle: (deliver: () => void) => void): EventSource {
    const source = new EventSource(ROUTES.events);
    this.source = source;
    const on = <Name extends EventName>(name: Name, deliver: (data: ExplorerEvents[Name]) => void) =>
      source.addEventListener(name, ({ data }) => {
        if (source !== this.source) return;
        this.failures = 0;
        this.heard();
        const parsed = JSON.parse(data) as ExplorerEvents[Name];
        handle(() => deliver(parsed));
      });
    on('tick', (tick) => this.store.tick(tick));
    on('messages', (messages) => this.store.messages(messages));
    on('snapshot', (snapshot) => this.store.snapshot(snapshot));
    source.onopen = () => {
      if (source === this.source) this.heard();
    };
    source.onerror = () => {
      if (source === this.source) void this.failed(source);
    };
    return source;
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.lose('Nothing was heard from the explorer for 15 s.'), SILENCE_MS);
    this.lostSince = undefined;
    if (this.store.state.link.state !== 'live') this.store.link({ state: 'live' });
  }

  private async failed(source: EventSource): Promise<void> {
    const wasRefused = source.readyState === EventSource.CLOSED;
    source.close();
    const reason = wasRefused ? await whyRefused() : undefined;
    if (source === this.source) this.lose(reason ?? 'The explorer does not answer.', reason !== undefined);
  }

  private lose(reason: string, isRefused = false): void {
    this.end();
    const delays = RETRY_DELAYS_MS;
    const step = isRefused ? delays.length - 1 : Math.min(this.failures, delays.length - 1);
    this.failures++;
    // Up to a fifth more, so that the pages of a team do not return at the same moment.
    const delay = (delays[step] ?? 1000) * (1 + Math.random() / 5);
    this.lostSince ??= Date.now();
    this.store.link({ state: 'lost', reason, since: this.lostSince, retryAt: Date.now() + delay });
    this.timer = setTimeout(() => this.connect(), delay);
  }

  private end(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.timer = undefined;
    this.source?.close();
    this.source = undefined;
  }
}
