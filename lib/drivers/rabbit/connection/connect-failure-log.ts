import { type LogSink, oneLine } from '../../../core/logger.js';

/** Different failures of one connection that are logged as warnings during one outage. */
const MAX_WARNINGS = 10;

/** By the guarded logger: the transports of an application share one. */
const logs = new WeakMap<LogSink, ConnectFailureLog>();

/**
 * Log of failed attempts to connect. Writes one warning for each outage and purpose, and debug lines for the
 * repetitions. Transports with the same logger share the warning.
 */
export class ConnectFailureLog {
  /** Connections in an outage, by the failure that was logged. */
  private readonly failures = new Map<string, Set<object>>();

  private constructor(private readonly logger: LogSink) {}

  /** Returns the log of a logger. */
  static of(logger: LogSink): ConnectFailureLog {
    const known = logs.get(logger);
    if (known) return known;
    const log = new ConnectFailureLog(logger);
    logs.set(logger, log);
    return log;
  }

  /** Logs a failure of a connection. @param followUp consequence of the failure, which may differ from attempt to attempt */
  failed(connection: object, purpose: string, error: Error, followUp: string): void {
    const failure = `Cannot connect to ${oneLine(error.message)} (${purpose})`;
    const isNew = !this.failures.has(failure) && this.countOf(connection) < MAX_WARNINGS;
    this.logger[isNew ? 'warn' : 'debug'](`${failure}; ${followUp}`);
    if (isNew) this.failures.set(failure, new Set());
    this.failures.get(failure)?.add(connection);
  }

  /** Ends the outage of a connection: it is up, or closed. */
  ended(connection: object): void {
    for (const [failure, connections] of this.failures) {
      connections.delete(connection);
      if (connections.size === 0) this.failures.delete(failure);
    }
  }

  private countOf(connection: object): number {
    return [...this.failures.values()].filter((connections) => connections.has(connection)).length;
  }
}
