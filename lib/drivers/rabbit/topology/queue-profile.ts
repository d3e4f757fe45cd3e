import type { ChannelModel } from 'amqplib';
import type { LogSink } from '../../../core/logger.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import { deniedTransient } from './conflict.js';
import { findDenial } from './transient-queues.js';
import { troubleText } from './trouble.js';

/**
 * Options with which a transport declares. Without a `profile` they become those of `rabbitmq-4` as soon as a broker
 * denies transient queues, which are oslo's default.
 */
export class QueueProfile {
  private current: RabbitSettings;
  private isWarned = false;
  /** Error with which the broker denies queues that the options ask for; undefined where it denies none. */
  denial: Error | undefined;

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
   * @returns false where the broker has closed the connection as its answer
   */
  async examine(model: ChannelModel): Promise<boolean> {
    const { current } = this;
    if (!current.withoutTransientQueues && current.transientBy === undefined) return true;
    const denial = await findDenial(model);
    // The connections of a transport ask side by side.
    if (denial) this.denied(current, denial);
    else this.denial = undefined;
    return denial === undefined;
  }

  /**
   * Notes that the broker denies transient queues.
   * @param used options of the denied declaration
   * @returns true where the options are others now
   */
  denied(used: RabbitSettings, denial: Error): boolean {
    if (used !== this.current) return true;
    const { withoutTransientQueues, transientBy } = used;
    if (withoutTransientQueues) this.current = withoutTransientQueues;
    if (transientBy) this.denial = denial;
    if (!this.isWarned && (withoutTransientQueues || transientBy)) {
      this.isWarned = true;
      this.logger.warn(
        transientBy
          ? `Servers, calls and notifications are refused: ${troubleText(deniedTransient(transientBy))}`
          : SWITCHED,
      );
    }
    return withoutTransientQueues !== undefined;
  }
}

const SWITCHED =
  "The broker denies transient queues: exchanges and queues are declared with the options of rabbit.profile 'rabbitmq-4' from now on. Python services of this broker need the same options: amqp_durable_queues, rabbit_quorum_queue and rabbit_transient_quorum_queue";
