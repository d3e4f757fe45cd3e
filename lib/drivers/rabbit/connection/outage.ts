import type { DriverStatus } from '../../../core/health.js';
import type { LogSink } from '../../../core/logger.js';
import { type RabbitConnection, secondsSince } from './connection.js';

/** Time without a connection that is needed. Its end is one log line for both connections of a transport. */
export class Outage {
  private since: number | undefined;
  private wasConnected = false;

  constructor(
    private readonly connections: readonly RabbitConnection[],
    private readonly logger: LogSink,
  ) {}

  /** Follows the status of the transport. @param attached counts the queues that are consumed from */
  follow(status: DriverStatus, attached: () => number): void {
    if (status === 'disconnected' && this.since === undefined) {
      this.since = performance.now();
      this.wasConnected = this.connections.some((connection) => connection.wasConnected);
    }
    if (this.since === undefined || (status !== 'connected' && status !== 'blocked')) return;
    const time = secondsSince(this.since);
    this.since = undefined;
    const hosts = new Set(this.connections.filter(({ current }) => current).map(({ address }) => address));
    const queues = attached();
    const consuming = queues === 0 ? '' : `; ${queues} ${queues === 1 ? 'queue' : 'queues'} attached`;
    const what = this.wasConnected ? 'Reconnected' : 'Connected';
    // As loud as the loss was, so that whoever read of it reads of its end.
    this.logger.warn(`${what} to ${[...hosts].join(' and ')} after ${time} s${consuming}`);
  }
}
