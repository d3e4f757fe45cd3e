import type { Channel, ChannelModel } from 'amqplib';
import { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../core/errors.js';
import type { Settings } from '../../core/options.js';
import type { Target } from '../../core/target.js';
import type { TransportURL } from '../../core/transport-url.js';
import { serverBindings } from '../routing.js';
import { remedyFor } from './conflict.js';
import { RabbitConnection } from './connection.js';
import { DeclareRefused, Declarer } from './declarer.js';
import { replyCodeOf } from './reply-code.js';
import { describe, exchangeResource, queueResource, type Resource } from './resource.js';
import { type ExchangeSpec, type QueueSpec, serverQueue } from './topology.js';

/** How one exchange or queue of a topic is. */
export interface Finding {
  readonly kind: 'exchange' | 'queue';
  readonly name: string;
  /** `absent` is no fault: whoever needs it declares it. */
  readonly state: 'as asked' | 'absent' | 'conflict';
  /** What there is to say, with what to do about a conflict. */
  readonly text: string;
}

/** To tell it from a queue that is there, on a node that is not. */
const ABSENT = /NOT_FOUND - no (queue|exchange) /;

/** A look at one topic. It declares nothing that is not there, and changes nothing. */
export class Doctor {
  private readonly connection: RabbitConnection;
  private readonly declarer: Declarer;
  private readonly settings: Settings;

  constructor(settings: Settings, url: TransportURL) {
    // The conflicts are to be told, not adopted.
    this.settings = { ...settings, rabbit: { ...settings.rabbit, adoptConflicts: false } };
    this.connection = new RabbitConnection(url, this.settings, 'consuming');
    this.declarer = new Declarer(this.settings, url);
  }

  /**
   * Compares what a server of the target would declare, and its callers, with what is there.
   * @param target without a server, only what all servers of the topic share
   * @throws MessageDeliveryFailure when the broker cannot be reached
   */
  async examine(target: Target): Promise<Finding[]> {
    const deadline = Deadline.after(this.settings.rpcResponseTimeout);
    const model = await this.connection.acquire(deadline, 0);
    return deadline.race(
      this.examineAll(model, target),
      () => new MessageDeliveryFailure('The broker did not answer in time'),
    );
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async examineAll(model: ChannelModel, target: Target): Promise<Finding[]> {
    const { rabbit, controlExchange } = this.settings;
    const queues = serverBindings(target, controlExchange)
      .filter(({ transient, queue }) => transient || queue === target.topic || target.server !== undefined)
      .map((binding) => serverQueue(binding, rabbit));
    const exchanges = new Map(queues.flatMap(({ exchange }) => (exchange ? [[exchange.name, exchange] as const] : [])));
    const findings: Finding[] = [];
    for (const exchange of exchanges.values()) findings.push(await this.exchange(model, exchange));
    // A name at random, or claimed by its number, is in nobody's way.
    for (const queue of queues.filter(({ temporary, numbered }) => !temporary && !numbered))
      findings.push(await this.queue(model, queue));
    return findings;
  }

  private exchange(model: ChannelModel, spec: ExchangeSpec): Promise<Finding> {
    return this.look(model, exchangeResource(spec), async (channel) => {
      await channel.checkExchange(spec.name);
      await this.declarer.declareExchange(channel, spec);
      return '';
    });
  }

  private queue(model: ChannelModel, spec: QueueSpec): Promise<Finding> {
    return this.look(model, queueResource(spec), async (channel) => {
      const { messageCount, consumerCount } = await channel.checkQueue(spec.name);
      // Without its exchange, which was looked at by itself.
      await this.declarer.declareQueue(channel, { ...spec, exchange: undefined });
      return `, ${messageCount} messages, ${consumerCount} consumers`;
    });
  }

  /** On a channel of its own, since the broker closes it with every refusal. */
  private async look(
    model: ChannelModel,
    resource: Resource,
    work: (channel: Channel) => Promise<string>,
  ): Promise<Finding> {
    const { kind, name, asked } = resource;
    const channel = await model.createChannel();
    let open = true;
    channel
      .on('error', () => undefined)
      .on('close', () => {
        open = false;
      });
    try {
      return { kind, name, state: 'as asked', text: describe(kind, asked) + (await work(channel)) };
    } catch (thrown) {
      const error = toError(thrown);
      const code = replyCodeOf(error);
      if (error instanceof DeclareRefused) return { kind, name, state: 'conflict', text: error.message };
      if (code === undefined) throw error;
      if (ABSENT.test(error.message))
        return { kind, name, state: 'absent', text: `${describe(kind, asked)} would be declared` };
      return { kind, name, state: 'conflict', text: `${error.message}. ${remedyFor(code, resource)}` };
    } finally {
      if (open) await channel.close().catch(() => undefined);
    }
  }
}
