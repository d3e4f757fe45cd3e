import type { Deadline } from '../../../core/deadline.js';
import type { ProvenRoutes } from './proven-routes.js';

/** Milliseconds after a reconnection within which servers are expected to be back: twice their longest back-off. */
const GRACE = 60_000;

/** Milliseconds between two tries of a message that no queue takes. */
const GRACE_DELAY = 250;

/**
 * Waits for queues that are on their way back. A broker that restarts forgets its transient queues, and each server
 * declares them again when it has reconnected. A message that was returned was in no queue, so it can be sent again.
 */
export class RouteGrace {
  private readonly sleepers = new Set<() => void>();
  private connections = 0;
  private until = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(private readonly routes: ProvenRoutes) {}

  /** Begins anew with each connection but the first. */
  connected(): void {
    if (this.connections++ > 0) this.until = performance.now() + GRACE;
  }

  /** Waits a moment, where the route is expected back. Resolves with whether it is. */
  async wait(exchange: string, routingKey: string, deadline: Deadline): Promise<boolean> {
    const isExpected = () => performance.now() < this.until && deadline.remaining() > GRACE_DELAY;
    if (!isExpected() || !this.routes.wasDelivered(exchange, routingKey)) return false;
    await this.pause(GRACE_DELAY, deadline);
    return this.until > Number.NEGATIVE_INFINITY;
  }

  /** Waits, but not beyond the deadline, nor for a transport that is closed. */
  async pause(milliseconds: number, deadline: Deadline): Promise<void> {
    if (this.closed) return;
    let wake = () => undefined as unknown;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.sleepers.add(wake);
    const timer = setTimeout(wake, Math.min(milliseconds, deadline.remaining() + 1));
    await woken;
    clearTimeout(timer);
    this.sleepers.delete(wake);
  }

  /** Expects no route back any more, and ends all waits. */
  end(): void {
    this.until = Number.NEGATIVE_INFINITY;
    for (const wake of this.sleepers) wake();
  }

  /** Ends all waits, for good. */
  close(): void {
    this.closed = true;
    this.end();
  }
}
