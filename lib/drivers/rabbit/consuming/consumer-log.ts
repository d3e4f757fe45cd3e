import { oneLine } from '../../../core/logger.js';
import type { DriverContext } from '../../driver-context.js';
import { secondsIn } from '../connection/seconds.js';
import type { Missing } from './consumed-queue.js';

/** Log lines and counters of one consumer. */
export class ConsumerLog {
  /** Refusal that was logged last, since the consumer was attached. */
  private lastRefusal: string | undefined;

  constructor(private readonly context: DriverContext) {}

  /** Ends the series of refusals: the queues are attached. */
  attached(): void {
    this.lastRefusal = undefined;
  }

  /** Logs a refusal as an error, and its repetitions as debug lines. @param delay milliseconds until the next attempt */
  refused(names: readonly string[], cause: Error, delay: number): void {
    const reason = oneLine(cause.message);
    const level = this.lastRefusal === reason ? 'debug' : 'error';
    this.lastRefusal = reason;
    const queues = [...new Set(names)].map((name) => `"${name}"`).join(', ');
    this.context.settings.logger[level](
      `Cannot consume from ${queues}: ${reason}; next attempt in ${secondsIn(delay)} s`,
    );
  }

  missing({ what, mended }: Missing): void {
    this.context.counters.count('redeclared');
    const repair = mended ? 'it is bound again' : 'it is declared again';
    this.context.settings.logger.warn(`The broker has lost the ${what}: ${repair}`);
  }

  /** @param revoked number of unacknowledged messages that the broker has revoked */
  cancelled(queue: string, revoked: number): void {
    this.context.counters.count('cancelledConsumers');
    this.context.counters.count('revokedMessages', revoked);
    const held = revoked === 0 ? '' : ` and requeued its unacknowledged messages (${revoked})`;
    this.context.settings.logger.warn(`The broker cancelled the consumer of "${queue}"${held}; consuming again`);
  }

  newStream(queue: string): void {
    this.context.settings.logger.warn(
      `The stream "${queue}" was deleted and declared anew; reading it from its beginning`,
    );
  }
}
