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

  /**
   * Logs a failure to connect.
   * @param delay time until the next attempt, in milliseconds; undefined where none is scheduled
   * @param hopeless true where another attempt with the same options would fail, too
   */
  failed(error: Error, delay: number | undefined, hopeless: boolean): void {
    const next = delay === undefined ? 'next attempt on the next use' : `next attempt in ${secondsIn(delay)} s`;
    const isHopeless = hopeless && delay === undefined;
    const followUp = isHopeless ? 'not tried again before the next use, because it would not help' : next;
    this.failures.failed(this, this.purpose, error, followUp);
  }

  /** Ends a series of failures: the connection is up, or closed. */
  settled(): void {
    this.failures.ended(this);
  }

  /**
   * Logs the end of a connection.
   * @param how `left` by this end; `lost` otherwise
   * @param isReported true where the reason is reported otherwise
   * @param delay time until the next attempt, in milliseconds; undefined where none is scheduled
   */
  ended(how: 'left' | 'lost', isReported: boolean, address: string, reason: Error, delay: number | undefined): void {
    const verb = how === 'left' ? 'Left' : 'Lost';
    const ended = `${verb} the ${this.purpose} connection to ${address} (${oneLine(reason.message)})`;
    this.logger[isReported ? 'debug' : 'warn'](`${ended}; reconnecting${delay ? ` in ${secondsIn(delay)} s` : ''}`);
  }

  blocked(reason: string): void {
    this.logger.warn(`The broker blocks publishing: ${reason}; messages wait until it accepts them again`);
  }

  /** @param since begin of the alarm, on the monotonic clock */
  unblocked(since: number): void {
    this.logger.warn(`The broker accepts publishing again, after ${secondsIn(performance.now() - since)} s`);
  }
}
