import { describe, expect, it } from 'vitest';
import type { LogSink } from '../../../../../lib/core/logger.js';
import { ConnectFailureLog } from '../../../../../lib/drivers/rabbit/connection/connect-failure-log.js';

class Recorder implements LogSink {
  readonly warnings: string[] = [];
  readonly details: string[] = [];
  debug = (line: string) => void this.details.push(line);
  log = () => undefined;
  warn = (line: string) => void this.warnings.push(line);
  error = () => undefined;
}

const refused = new Error('mq1:5672: connect ECONNREFUSED');

describe('ConnectFailureLog', () => {
  it('warns once for an outage, with the follow-up, and writes repetitions as debug lines', () => {
    const logger = new Recorder();
    const connection = {};
    for (const seconds of ['1.2', '3.4'])
      ConnectFailureLog.of(logger).failed(connection, 'publishing', refused, `next attempt in ${seconds} s`);
    const line = 'Cannot connect to mq1:5672: connect ECONNREFUSED (publishing); next attempt in';
    expect(logger.warnings).toEqual([`${line} 1.2 s`]);
    expect(logger.details).toEqual([`${line} 3.4 s`]);
  });

  it('warns once for all connections of a purpose that share a logger', () => {
    const logger = new Recorder();
    for (const purpose of ['publishing', 'publishing', 'consuming'])
      ConnectFailureLog.of(logger).failed({}, purpose, refused, 'next attempt on the next use');
    expect(logger.warnings).toHaveLength(2);
    expect(logger.warnings[1]).toContain('(consuming)');
  });

  it('warns again for another reason, and not when the first one returns', () => {
    const logger = new Recorder();
    const connection = {};
    const timeout = new Error('mq1:5672: no handshake');
    for (const error of [refused, timeout, refused])
      ConnectFailureLog.of(logger).failed(connection, 'publishing', error, '');
    expect(logger.warnings).toHaveLength(2);
  });

  it('warns again in the next outage, as soon as no connection is left in the first one', () => {
    const logger = new Recorder();
    const log = ConnectFailureLog.of(logger);
    const [one, two] = [{}, {}];
    const fail = (connection: object) => log.failed(connection, 'publishing', refused, '');
    for (const connection of [one, two]) fail(connection);
    log.ended(one);
    fail(one);
    expect(logger.warnings).toHaveLength(1);
    for (const connection of [one, two]) log.ended(connection);
    fail(two);
    expect(logger.warnings).toHaveLength(2);
  });

  it('bounds the warnings of one connection in an outage', () => {
    const logger = new Recorder();
    const connection = {};
    for (let n = 0; n < 100; n++)
      ConnectFailureLog.of(logger).failed(connection, 'publishing', new Error(`reason ${n}`), '');
    expect(logger.warnings).toHaveLength(10);
    expect(logger.details).toHaveLength(90);
  });
});
