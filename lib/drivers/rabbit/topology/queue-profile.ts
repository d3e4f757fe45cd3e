import type { ChannelModel } from 'amqplib';
import type { LogSink } from '../../../core/logger.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import { findDenial } from './transient-queues.js';

/**
 * Options with which a transport declares. Without a `profile` they become those of `rabbitmq-4` as soon as a broker
 * denies transient queues, which are oslo's default.
 */
export class QueueProfile {
  private current: RabbitSettings;

  constructor(
    given: RabbitSettings,
    private readonly logger: LogSink,
  ) {
    this.current = given;
  }

  get options(): RabbitSettings {
    return this.current;
  }

  /**
   * Finds out on a new connection whether the options suit the broker.
   * @returns false where the options have changed and the broker has closed the connection
   */
  async examine(model: ChannelModel): Promise<boolean> {
    const { current } = this;
    if (!current.withoutTransientQueues) return true;
    return !(await findDenial(model)) || !this.denied(current);
  }

  /**
   * Notes that the broker denies transient queues.
   * @param used options of the denied declaration
   * @returns true where the options are others now
   */
  denied(used: RabbitSettings): boolean {
    const { withoutTransientQueues } = this.current;
    if (used === this.current && withoutTransientQueues) {
      this.current = withoutTransientQueues;
      this.logger.warn(
        "The broker denies transient queues: exchanges and queues are declared with the options of rabbit.profile 'rabbitmq-4' from now on. Python services need the same options there: amqp_durable_queues, rabbit_quorum_queue and rabbit_transient_quorum_queue",
      );
    }
    return used !== this.current;
  }
}
