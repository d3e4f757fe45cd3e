import { LRUCache } from 'lru-cache';

/** Maximum number of routes that are remembered, of either kind. */
const MAX_ROUTES = 10_000;

/** Time in milliseconds after its first confirm that a route may wait for a moment without unconfirmed messages. */
const SETTLE_MS = 1000;

/** Messages under way on a route that is not proven. */
export interface Trial {
  readonly exchange: string;
  readonly routingKey: string;
  unconfirmed: number;
  confirmedAt: number | undefined;
}

/**
 * Routes for which the broker has confirmed a message. A route of the current connection is proven: its exchange exists
 * and the user may write to it. Routes of earlier connections are remembered, since servers may declare their queues again.
 */
export class ProvenRoutes {
  /** By exchange and routing key; true where a mandatory message was confirmed, hence a queue is bound. */
  private readonly proven = new Map<string, Map<string, boolean>>();
  private size = 0;
  private readonly trials = new Map<string, Trial>();
  private readonly delivered = new LRUCache<string, true>({ max: MAX_ROUTES });

  /** Returns true when a message of the kind was confirmed on the current connection. */
  has(exchange: string, routingKey: string, mandatory: boolean): boolean {
    const bound = this.proven.get(exchange)?.get(keyOn(exchange, routingKey));
    return mandatory ? bound === true : bound !== undefined;
  }

  /** Returns true when a mandatory message was confirmed, on this connection or an earlier one. */
  wasDelivered(exchange: string, routingKey: string): boolean {
    return this.has(exchange, routingKey, true) || this.delivered.has(routeKey(exchange, routingKey));
  }

  /** Counts a message of a route that is not proven. Each needs one {@link end}. */
  begin(exchange: string, routingKey: string): Trial {
    const key = routeKey(exchange, routingKey);
    const known = this.trials.get(key);
    if (known) {
      known.unconfirmed++;
      return known;
    }
    const trial = { exchange, routingKey, unconfirmed: 1, confirmedAt: undefined };
    this.trials.set(key, trial);
    return trial;
  }

  /**
   * Settles a message. Its route is proven once none of its messages is unconfirmed: later ones would overtake those on
   * another channel. Under steady load that moment may never come, so the route waits for it {@link SETTLE_MS} at most.
   * The end of a message of an earlier connection says nothing about this one.
   */
  end(trial: Trial, confirmed: boolean, mandatory: boolean): void {
    const { exchange, routingKey } = trial;
    const key = routeKey(exchange, routingKey);
    if (this.trials.get(key) !== trial) return;
    trial.unconfirmed--;
    const now = performance.now();
    if (confirmed) trial.confirmedAt ??= now;
    const { unconfirmed, confirmedAt } = trial;
    if (confirmedAt !== undefined && (unconfirmed === 0 || now - confirmedAt > SETTLE_MS))
      this.prove(exchange, keyOn(exchange, routingKey), confirmed && mandatory);
    if (unconfirmed === 0) this.trials.delete(key);
  }

  /** Makes the routes of an exchange unproven again. */
  forget(exchange: string): void {
    this.size -= this.proven.get(exchange)?.size ?? 0;
    this.proven.delete(exchange);
  }

  /** Makes every route unproven, for a new connection. */
  restart(): void {
    this.forgetAll();
    this.trials.clear();
  }

  /** Makes every route unproven again. Messages under way still prove theirs. */
  private forgetAll(): void {
    for (const [exchange, keys] of this.proven)
      for (const [key, bound] of keys) if (bound) this.delivered.set(routeKey(exchange, key), true);
    this.proven.clear();
    this.size = 0;
  }

  private prove(exchange: string, key: string, bound: boolean): void {
    if (this.size >= MAX_ROUTES) this.forgetAll();
    const keys = this.proven.get(exchange) ?? new Map<string, boolean>();
    this.proven.set(exchange, keys);
    if (!keys.has(key)) this.size++;
    keys.set(key, bound || keys.get(key) === true);
  }
}

/** The broker refuses the default exchange as a whole, and each client has a reply queue of its own. */
function keyOn(exchange: string, routingKey: string): string {
  return exchange === '' ? '' : routingKey;
}

/** Returns one string for an exchange and a routing key. */
export function routeKey(exchange: string, routingKey: string): string {
  return `${exchange}\0${keyOn(exchange, routingKey)}`;
}
