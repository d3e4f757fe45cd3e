import { type LogSink, oneLine } from '../../../core/logger.js';
import { ConnectFailureLog } from './connect-failure-log.js';
import { secondsIn } from './seconds.js';

/** Log of one connection. */
export class ConnectionLog {
  private readonly failures: ConnectFailureLog;

  /** @param purpose use of the connection */
  constructor(
    private readonly logger: LogSink,
    private readonly purpose: string,
  ) {
    this.failures = ConnectFailureLog.of(logger);
  }

  /** Logs a failure to connect. @param delay time until the next attempt, in milliseconds; undefined where none is scheduled */
  failed(error: Error, delay: number | undefined): void {
    const attempt = delay === undefined ? 'on the next use' : `in ${secondsIn(delay)} s`;
    this.failures.failed(this, this.purpose, error, `next attempt ${attempt}`);
  }

  /** Ends a series of failures: the connection is up, or closed. */
  settled(): void {
    this.failures.ended(this);
  }

  /**
   * @param delay time until the next attempt, in milliseconds; undefined where none is scheduled
   * @param left true where the connection was left for a reason that the caller reports
   */
  ended(address: string, reason: Error, delay: number | undefined, left: boolean): void {
    const ended = `${left ? 'Left' : 'Lost'} the ${this.purpose} connection to ${address} (${oneLine(reason.message)})`;
    this.logger[left ? 'debug' : 'warn'](`${ended}; reconnecting${delay ? ` in ${secondsIn(delay)} s` : ''}`);
  }

  blocked(reason: string): void {
    this.logger.warn(`The broker blocks publishing: ${reason}; messages wait until it accepts them again`);
  }

  /** @param since begin of the alarm, on the monotonic clock */
  unblocked(since: number): void {
    this.logger.warn(`The broker accepts publishing again, after ${secondsIn(performance.now() - since)} s`);
  }
}
