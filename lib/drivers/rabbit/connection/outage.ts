import type { DriverStatus } from '../../../core/health.js';
import type { LogSink } from '../../../core/logger.js';
import type { RabbitConnection } from './connection.js';
import { secondsIn } from './seconds.js';

const UP: readonly DriverStatus[] = ['connected', 'degraded', 'blocked'];

/** Outage of a transport whose connections are in use. Its end is one log line for both connections. */
export class Outage {
  /** Start of the outage, on the monotonic clock. */
  private since: number | undefined;
  private wasConnected = false;

  constructor(
    private readonly connections: readonly RabbitConnection[],
    private readonly logger: LogSink,
  ) {}

  /** Follows the status of the transport. @param attached returns the number of attached queues */
  follow(status: DriverStatus, attached: () => number): void {
    if (status === 'disconnected' && this.since === undefined) {
      this.since = performance.now();
      this.wasConnected = this.connections.some((connection) => connection.wasConnected);
    }
    if (this.since === undefined || !UP.includes(status)) return;
    const seconds = secondsIn(performance.now() - this.since);
    this.since = undefined;
    const hosts = new Set(this.connections.filter(({ current }) => current).map(({ address }) => address));
    const queues = attached();
    const consuming = queues === 0 ? '' : `; ${queues} ${queues === 1 ? 'queue' : 'queues'} attached`;
    const verb = this.wasConnected ? 'Reconnected' : 'Connected';
    // At the level of the loss, so that a log that shows the loss shows its end.
    this.logger.warn(`${verb} to ${[...hosts].join(' and ')} after ${seconds} s${consuming}`);
  }
}
