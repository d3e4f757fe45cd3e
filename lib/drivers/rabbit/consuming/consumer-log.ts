import { oneLine } from '../../../core/logger.js';
import type { DriverContext } from '../../driver-context.js';
import { secondsIn } from '../connection/seconds.js';
import type { Missing } from './consumed-queue.js';
import type { LateDelivery } from './consuming-channel.js';
import type { QueueReplaced } from './temporary-name.js';

/** Failed attempt to attach. */
export interface Refusal {
  readonly cause: Error;
  /** True where the broker has refused it, and false where the connection was lost. */
  readonly refused: boolean;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
}

/** Log lines and counters of one consumer. */
export class ConsumerLog {
  /** Refusal that was logged last, since the consumer was attached. */
  private lastRefusal: string | undefined;

  constructor(private readonly context: DriverContext) {}

  /** Ends the series of refusals: the queues are attached. */
  attached(): void {
    this.lastRefusal = undefined;
  }

  /** Logs a refusal as an error, and its repetitions as debug lines. */
  refused(names: readonly string[], { cause, delay }: Refusal): void {
    const reason = oneLine(cause.message);
    const level = this.lastRefusal === reason ? 'debug' : 'error';
    this.lastRefusal = reason;
    const queues = [...new Set(names)].map((name) => `"${name}"`).join(', ');
    this.context.settings.logger[level](
      `Cannot consume from ${queues}: ${reason}; next attempt in ${secondsIn(delay)} s`,
    );
  }

  replaced({ message }: QueueReplaced): void {
    this.context.settings.logger.warn(oneLine(message));
  }

  missing({ what, mended }: Missing): void {
    this.context.counters.count('redeclared');
    const repair = mended ? 'it is bound again' : 'it is declared again';
    this.context.settings.logger.warn(`The broker has lost the ${what}: ${repair}`);
  }

  /** @param revoked number of unacknowledged messages that the broker has revoked */
  cancelled(queue: string, revoked: number): void {
    this.countCancelled(revoked);
    const held = revoked === 0 ? '' : ` and requeued its unacknowledged messages (${revoked})`;
    this.context.settings.logger.warn(`The broker cancelled the consumer of "${queue}"${held}; consuming again`);
  }

  /** Logs that the broker has closed the channel, as RabbitMQ before 4.3 does for what 4.3 cancels a consumer. */
  late({ queue, held }: LateDelivery): void {
    this.countCancelled(held);
    this.context.settings.logger.warn(
      `The broker closed the channel of "${queue}" and requeued its unacknowledged messages (${held}), because one was not acknowledged in time (consumer_timeout); consuming again`,
    );
  }

  /** Logs that a server works without its stream. @param again true for a repetition, which is a debug line */
  unreadable(stream: string, { cause, delay }: Refusal, again: boolean): void {
    this.context.settings.logger[again ? 'debug' : 'warn'](
      `Cannot read the stream "${stream}": ${oneLine(cause.message)}; the server works without its fanouts, next attempt in ${secondsIn(delay)} s`,
    );
  }

  /** Logs that a stream is read again, at the level at which its loss was logged. @param after milliseconds without it */
  readable(stream: string, after: number): void {
    this.context.settings.logger.warn(`Reading the stream "${stream}" after ${secondsIn(after)} s`);
  }

  newStream(queue: string): void {
    this.context.settings.logger.warn(
      `The stream "${queue}" was deleted and declared anew; reading it from its beginning`,
    );
  }

  private countCancelled(revoked: number): void {
    this.context.counters.count('cancelledConsumers');
    this.context.counters.count('revokedMessages', revoked);
  }
}
