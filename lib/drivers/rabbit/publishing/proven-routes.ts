import { LRUCache } from 'lru-cache';

/** Bound of the routes that are remembered, of either kind. */
const MOST_ROUTES = 10_000;

/** Milliseconds after its first confirmation for which a route waits for a moment without unconfirmed messages. */
const SETTLING = 1000;

/** Messages to one route that were published on the trial channel. */
interface Trial {
  unconfirmed: number;
  confirmedAt: number | undefined;
}

/**
 * Routes for which the broker has confirmed a message. Those of the current connection are proven: it exists and may be
 * written to. Those of earlier connections are remembered, since their queues may be on their way back.
 */
export class ProvenRoutes {
  /** By exchange and routing key; true where a mandatory message was confirmed, hence a queue is bound. */
  private readonly proven = new Map<string, Map<string, boolean>>();
  private size = 0;
  private readonly trials = new Map<string, Trial>();
  private readonly delivered = new LRUCache<string, true>({ max: MOST_ROUTES });

  /** Returns whether a message of the kind was confirmed on the current connection. */
  has(exchange: string, routingKey: string, mandatory: boolean): boolean {
    const bound = this.proven.get(exchange)?.get(keyOn(exchange, routingKey));
    return mandatory ? bound === true : bound !== undefined;
  }

  /** Returns whether a queue took a mandatory message, on an earlier connection or on this one. */
  wasDelivered(exchange: string, routingKey: string): boolean {
    return this.has(exchange, routingKey, true) || this.delivered.has(nameOf(exchange, routingKey));
  }

  /** Notes that a message is published on trial. */
  begin(exchange: string, routingKey: string): void {
    const name = nameOf(exchange, routingKey);
    const trial = this.trials.get(name);
    if (trial) trial.unconfirmed++;
    else this.trials.set(name, { unconfirmed: 1, confirmedAt: undefined });
  }

  /**
   * Notes the end of a trial. A route is proven when none of its messages is unconfirmed: further ones would overtake
   * those on another channel. Under steady load that moment may never come, so it is not awaited for long.
   */
  end(exchange: string, routingKey: string, confirmed: boolean, mandatory: boolean): void {
    const name = nameOf(exchange, routingKey);
    const trial = this.trials.get(name);
    if (!trial) return;
    trial.unconfirmed--;
    const now = performance.now();
    if (confirmed) trial.confirmedAt ??= now;
    const { unconfirmed, confirmedAt } = trial;
    if (confirmedAt !== undefined && (unconfirmed === 0 || now - confirmedAt > SETTLING))
      this.prove(exchange, keyOn(exchange, routingKey), confirmed && mandatory);
    if (unconfirmed === 0) this.trials.delete(name);
  }

  /** Puts all routes of an exchange on trial again. */
  forget(exchange: string): void {
    this.size -= this.proven.get(exchange)?.size ?? 0;
    this.proven.delete(exchange);
  }

  /** Begins with a new connection. */
  restart(): void {
    for (const [exchange, keys] of this.proven)
      for (const [key, bound] of keys) if (bound) this.delivered.set(nameOf(exchange, key), true);
    this.proven.clear();
    this.size = 0;
    this.trials.clear();
  }

  private prove(exchange: string, key: string, bound: boolean): void {
    if (this.size >= MOST_ROUTES) this.restart();
    const keys = this.proven.get(exchange) ?? new Map<string, boolean>();
    this.proven.set(exchange, keys);
    if (!keys.has(key)) this.size++;
    keys.set(key, bound || keys.get(key) === true);
  }
}

/** The default exchange is refused as a whole or not at all, and each client has a reply queue of its own. */
function keyOn(exchange: string, routingKey: string): string {
  return exchange === '' ? '' : routingKey;
}

function nameOf(exchange: string, routingKey: string): string {
  return `${exchange}\0${keyOn(exchange, routingKey)}`;
}
