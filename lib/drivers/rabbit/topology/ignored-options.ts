import type { ChannelModel } from 'amqplib';
import type { LogSink } from '../../../core/logger.js';
import type { RabbitSettings } from '../../../core/rabbit-settings.js';
import { brokerVersion } from '../connection/broker-version.js';

/** Release of RabbitMQ from which on it accepts the options below and ignores them. */
const SINCE = 4;

interface Ignored {
  readonly options: readonly string[];
  readonly why: string;
}

const MIRRORING = 'it has no mirrored queues; rabbit.rabbitQuorumQueue (oslo: rabbit_quorum_queue) replicates';
const MEMORY = 'its quorum queues keep no messages in memory';

/** Returns the given options that have no meaning on RabbitMQ 4, by the reason. */
function ignoredIn({ mirrored, cancelOnFailover, quorumArguments }: RabbitSettings): Ignored[] {
  const mirroring = [mirrored && 'rabbitHaQueues', cancelOnFailover && 'enableCancelOnFailover'];
  const memory = [
    'x-max-in-memory-length' in quorumArguments && 'rabbitQuorumMaxMemoryLength',
    'x-max-in-memory-bytes' in quorumArguments && 'rabbitQuorumMaxMemoryBytes',
  ];
  const all = [
    { options: mirroring.filter((name) => name !== false), why: MIRRORING },
    { options: memory.filter((name) => name !== false), why: MEMORY },
  ];
  return all.filter(({ options }) => options.length > 0);
}

/** Warns once of options that the connected broker ignores. */
export class IgnoredOptions {
  private readonly ignored: readonly Ignored[];
  private warned = false;

  constructor(
    settings: RabbitSettings,
    private readonly logger: LogSink,
  ) {
    this.ignored = ignoredIn(settings);
  }

  /** Called with each new connection. */
  check(model: ChannelModel): void {
    if (this.warned || this.ignored.length === 0 || brokerVersion(model) < SINCE) return;
    this.warned = true;
    for (const { options, why } of this.ignored) {
      const names = options.map((name) => `rabbit.${name}`).join(' and ');
      this.logger.warn(
        `RabbitMQ 4 ignores ${names}: ${why}. Nothing else changes; remove ${options.length > 1 ? 'these options' : 'this option'}`,
      );
    }
  }
}
