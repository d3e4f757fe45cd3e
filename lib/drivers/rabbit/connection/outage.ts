import { counted } from '../../../core/counted.js';
import type { DriverStatus } from '../../../core/health.js';
import type { LogSink } from '../../../core/logger.js';
import type { RabbitConnection } from './connection.js';
import { secondsIn } from './seconds.js';

const UP: readonly DriverStatus[] = ['connected', 'degraded', 'blocked'];

/** Outage of connections that are in use. Its end is one log line for all of them. */
export class Outage {
  /** Start of the outage, on the monotonic clock. */
  private since: number | undefined;
  private wasConnected = false;

  /** @param purpose use of the connections, for a log line that is not about the whole transport */
  constructor(
    private readonly connections: readonly RabbitConnection[],
    private readonly logger: LogSink,
    private readonly purpose?: string,
  ) {}

  /** Follows the common status. @param attached returns the number of attached queues */
  follow(status: DriverStatus, attached: () => number): void {
    if (status === 'disconnected' && this.since === undefined && this.connections.some(({ isOut }) => isOut)) {
      this.since = performance.now();
      this.wasConnected = this.connections.some((connection) => connection.wasConnected);
    }
    if (this.since === undefined || !UP.includes(status)) return;
    const seconds = secondsIn(performance.now() - this.since);
    this.since = undefined;
    const hosts = new Set(this.connections.filter(({ current }) => current).map(({ address }) => address));
    const queues = attached();
    const consuming = queues === 0 ? '' : `; ${counted(queues, 'queue')} attached`;
    const verb = this.wasConnected ? 'Reconnected' : 'Connected';
    // At the level of the loss, so that a log that shows the loss shows its end.
    const what = this.purpose === undefined ? '' : ` the ${this.purpose} connection`;
    this.logger.warn(`${verb}${what} to ${[...hosts].join(' and ')} after ${seconds} s${consuming}`);
  }
}
