import type { TappedCall } from '../../inspect/index.js';
import type { TimeoutView } from '../protocol.js';

/** Maximum number of callers and methods that are kept. The first one makes room. */
const MAX_SERIES = 2000;
/** Maximum number of methods that are returned. */
const MAX_VIEWS = 200;
/** Part by which expirations of one timeout differ: a call is published some time after its start. */
const TOLERANCE = 0.05;

/** Timeouts that a caller gave a method, in milliseconds. */
interface Series {
  readonly method: string;
  first: number;
  latest: number;
  /** True since a call had no reply in time. */
  isTimedOut: boolean;
}

/**
 * Timeouts that have grown by back-off, from the expirations of calls. They have grown where a caller doubles the timeout of a method
 * after a call without a reply: callers with timeouts of their own are no back-off.
 */
export class SeenTimeouts {
  private readonly series = new Map<string, Series>();

  /** @param max ceiling of the timeouts, which no message says: that of the usual options, in milliseconds */
  constructor(private readonly max: number) {}

  /** Notes a call that has ended. */
  add({ exchange, topic, namespace, method, caller, timeoutMs, outcome }: TappedCall): void {
    if (timeoutMs === undefined || caller.replyQueue === undefined) return;
    const key = JSON.stringify([caller.replyQueue, exchange, topic, namespace, method]);
    const known = this.series.get(key);
    const isTimedOut = outcome === 'timeout';
    if (known === undefined) {
      const [oldest] = this.series.keys();
      if (this.series.size >= MAX_SERIES && oldest !== undefined) this.series.delete(oldest);
      const name = namespace === undefined ? method : `${namespace}.${method}`;
      this.series.set(key, { method: name, first: timeoutMs, latest: timeoutMs, isTimedOut });
      return;
    }
    const factor = timeoutMs / known.latest;
    // At the ceiling, back-off less than doubles it.
    const isGrown = known.isTimedOut && factor < 2 + TOLERANCE;
    const isOther = factor > 1 + TOLERANCE && !isGrown;
    known.first = isOther ? timeoutMs : Math.min(known.first, timeoutMs);
    known.latest = timeoutMs;
    known.isTimedOut ||= isTimedOut;
  }

  /** Returns the grown timeouts, the longest first. */
  views(): TimeoutView[] {
    const longest = new Map<string, Series>();
    for (const one of this.series.values()) {
      const isGrown = one.latest > one.first * (1 + TOLERANCE);
      if (isGrown && one.latest > (longest.get(one.method)?.latest ?? 0)) longest.set(one.method, one);
    }
    const views = [...longest.values()].map(({ method, first, latest }) => ({
      transport: null,
      method,
      timeout: latest,
      level: Math.max(1, Math.round(Math.log2(latest / first))),
      first,
      max: Math.max(latest, this.max),
    }));
    return views.sort((one, other) => other.timeout - one.timeout).slice(0, MAX_VIEWS);
  }
}
