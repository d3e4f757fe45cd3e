import { follow, unfollow } from '../../../core/abort.js';
import type { Deadline } from '../../../core/deadline.js';
import type { ProvenRoutes } from './proven-routes.js';
import { EXPECTED_QUEUE_DELAY_MS } from './publish-retry.js';

/** Time in milliseconds after a reconnection within which servers are expected back: twice their longest back-off. */
const GRACE_MS = 60_000;

/**
 * Grace for queues that servers are expected to declare again. A broker that restarts forgets its transient queues, and
 * each server declares them when it has reconnected. A returned message is in no queue, so it can be published again.
 */
export class RouteGrace {
  private readonly sleepers = new Set<() => void>();
  private connections = 0;
  private until = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(private readonly routes: ProvenRoutes) {}

  /** Starts the grace again with each connection but the first. */
  connected(): void {
    if (this.connections++ > 0 && !this.closed) this.until = performance.now() + GRACE_MS;
  }

  /** Returns true when the queue of a route is expected back and the deadline leaves time for another attempt. */
  expects(exchange: string, routingKey: string, deadline: Deadline): boolean {
    const isOpen = performance.now() < this.until && deadline.remaining() > EXPECTED_QUEUE_DELAY_MS;
    return isOpen && this.routes.wasDelivered(exchange, routingKey);
  }

  /** Waits, at most until the deadline or until the grace ends. */
  async pause(milliseconds: number, deadline: Deadline): Promise<void> {
    if (this.closed) return;
    let wake = () => undefined as unknown;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.sleepers.add(wake);
    const { signal } = deadline;
    if (signal) follow(signal, wake);
    const timer = setTimeout(wake, Math.min(milliseconds, deadline.remaining() + 1));
    await woken;
    clearTimeout(timer);
    this.sleepers.delete(wake);
    if (signal) unfollow(signal, wake);
  }

  /** Ends the grace and every pause. */
  end(): void {
    this.until = Number.NEGATIVE_INFINITY;
    for (const wake of this.sleepers) wake();
  }

  /** Ends the grace and every pause, for good. */
  close(): void {
    this.closed = true;
    this.end();
  }
}
