import type { Channel, ChannelModel } from 'amqplib';
import { Counters } from '../../../core/counters.js';
import { Deadline } from '../../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../../core/errors.js';
import type { Settings } from '../../../core/settings.js';
import type { Target } from '../../../core/target.js';
import type { TransportURL } from '../../../core/transport-url.js';
import { serverBindings } from '../../routing.js';
import { RabbitConnection } from '../connection/connection.js';
import { withDistinctHosts } from '../connection/distinct-hosts.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { deniedTransient, remedyFor } from './conflict.js';
import { exchangeOptions } from './declared-options.js';
import { DeclareRefused, Declarer } from './declarer.js';
import { checkHosts, type HostFault } from './host-check.js';
import { ManagementApi } from './management-api.js';
import { QueueProfile } from './queue-profile.js';
import { seeQueue, unseenSight } from './queue-sight.js';
import { describe, exchangeResource, isTransient, queueResource, type Resource } from './resource.js';
import { type ExchangeSpec, type QueueSpec, serverQueue } from './topology.js';
import type { Finding, Sight } from './topology-finding.js';

/** States that say nothing about whether a queue works. */
const UNKNOWN: ReadonlySet<Finding['state']> = new Set(['as asked', 'absent', 'conflict']);

/** Broker's text for a missing exchange or queue. The text for a queue on a stopped node is another. */
const ABSENT = /NOT_FOUND - no (queue|exchange) /;

/** Compares the exchanges and queues of a topic with the options. Declares nothing that is missing, and changes nothing. */
export class Doctor {
  private readonly connection: RabbitConnection;
  private readonly declarer: Declarer;
  private readonly profile: QueueProfile;
  private readonly settings: Settings;
  private readonly management: ManagementApi | undefined;

  private readonly url: TransportURL;
  /** True where the node confirms nothing. */
  private isSilent = false;

  constructor(settings: Settings, given: TransportURL) {
    const url = withDistinctHosts(given);
    this.url = url;
    // Conflicts are reported, not adopted.
    this.settings = { ...settings, rabbit: { ...settings.rabbit, adoptConflicts: false } };
    this.profile = new QueueProfile(settings.rabbit, settings.logger);
    const examine = (model: ChannelModel) => this.profile.examine(model);
    const context = { settings: this.settings, counters: new Counters() };
    this.connection = new RabbitConnection(url, context, 'consuming', { examine });
    this.declarer = new Declarer(this.settings, this.profile, url);
    const { managementUrl } = settings.rabbit;
    this.management = managementUrl === undefined ? undefined : new ManagementApi(managementUrl, url, settings);
  }

  /**
   * Compares what a server of the target and its callers would declare with what exists, and checks each host.
   * @param target without a server, only the parts that all servers of the topic share are compared
   * @throws MessageDeliveryFailure when the broker cannot be reached
   */
  async examine(target: Target): Promise<Finding[]> {
    const deadline = Deadline.after(this.settings.rpcResponseTimeout);
    const model = await this.connection.acquire(deadline, 0);
    const { address: used } = this.connection;
    const faults = await checkHosts(this.url, this.settings, { address: used, model });
    this.isSilent = faults.some(({ address }) => address === used);
    const reasons = faults.map(({ address, reason }) => `; ${address}: ${reason}`).join('');
    const late = () => new MessageDeliveryFailure(`The broker did not answer in time${reasons}`);
    return [...faults.map(findingOf), ...(await deadline.race(this.examineAll(model, target), late))];
  }

  /** True where the options were replaced by those of `rabbitmq-4`, because the broker denies transient queues. */
  get hasOtherOptions(): boolean {
    return this.profile.options.withoutTransientQueues !== this.settings.rabbit.withoutTransientQueues;
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async examineAll(model: ChannelModel, target: Target): Promise<Finding[]> {
    const { rabbit, controlExchange } = this.settings;
    const queues = serverBindings(target, controlExchange)
      .filter(({ transient, queue }) => transient || queue === target.topic || target.server !== undefined)
      .map((binding) => serverQueue(binding, rabbit));
    const denied = this.denied(queues);
    if (denied.length > 0) return denied;
    const exchanges = new Map(queues.flatMap(({ exchange }) => (exchange ? [[exchange.name, exchange] as const] : [])));
    const findings: Finding[] = [];
    for (const exchange of exchanges.values()) findings.push(await this.exchange(model, exchange));
    // A random or numbered name cannot conflict.
    for (const queue of queues.filter(({ temporary, numbered }) => !temporary && !numbered)) {
      const exchange = findings.find(({ kind, name }) => kind === 'exchange' && name === queue.exchange?.name);
      findings.push(...(await this.queue(model, queue, exchange?.state !== 'absent')));
    }
    return findings;
  }

  /** Returns the queues that the broker denies. Nothing else matters there: no server of the topic starts. */
  private denied(queues: readonly QueueSpec[]): Finding[] {
    const { denial, options } = this.profile;
    if (!denial) return [];
    const { fault: text, cure } = deniedTransient(options.transientBy);
    return queues
      .map((spec) => queueResource(spec, this.declarer.optionsOf(spec)))
      .filter(({ asked }) => isTransient(asked))
      .map(({ kind, name }) => ({ kind, name, state: 'conflict', text, cure }));
  }

  private exchange(model: ChannelModel, spec: ExchangeSpec): Promise<Finding> {
    return this.look(model, exchangeResource(spec, exchangeOptions(spec, this.profile.options)), async (channel) => {
      await channel.checkExchange(spec.name);
      await this.declarer.declareExchange(channel, spec);
      const bound = spec.type === 'fanout' && (await this.management?.countBindings(spec.name).catch(toError));
      if (bound instanceof Error) return unseenSight(bound);
      if (bound !== 0) return { text: '' };
      return {
        state: 'unserved',
        text: '; no queue is bound to it, so that a fanout reaches no server',
        cure: 'Start a server, or restart those that run: they declare their queues again',
      };
    });
  }

  /** Returns whether a queue is as asked, and whether it works: one that is not as asked is used as it is by most programs. */
  private async queue(model: ChannelModel, spec: QueueSpec, exchangeIsThere: boolean): Promise<Finding[]> {
    const resource = queueResource(spec, this.declarer.optionsOf(spec));
    const compared = await this.look(model, resource, async (channel) => {
      await channel.checkQueue(spec.name);
      // The exchange was compared by itself.
      await this.declarer.declareQueue(channel, { ...spec, exchange: undefined });
      return { text: '' };
    });
    if (compared.state === 'absent') return [compared];
    const isAsked = compared.state === 'as asked';
    const { management, isSilent } = this;
    const scene = { management, isSilent, exchangeIsThere };
    const see = (channel: Channel) => seeQueue(channel, spec, resource, scene);
    const seen = await this.look(model, resource, see, isAsked ? undefined : 'as it is');
    if (isAsked) return [seen];
    return UNKNOWN.has(seen.state) ? [compared] : [compared, seen];
  }

  /**
   * Examines one exchange or queue on a new channel, because the broker closes the channel with each refusal.
   * @param definition words before the result of the work; those of what is asked for where it is left out
   */
  private async look(
    model: ChannelModel,
    resource: Resource,
    work: (channel: Channel) => Promise<Sight>,
    definition = describe(resource.kind, resource.asked),
  ): Promise<Finding> {
    const { kind, name } = resource;
    const channel = await model.createChannel();
    let open = true;
    channel
      .on('error', () => undefined)
      .on('close', () => {
        open = false;
      });
    try {
      const { text, ...seen } = await work(channel);
      return { kind, name, state: 'as asked', ...seen, text: definition + text };
    } catch (thrown) {
      const error = toError(thrown);
      const code = replyCodeOf(error);
      if (error instanceof DeclareRefused) {
        const { fault: text, ...remedy } = error.trouble;
        return { kind, name, state: 'conflict', text, ...remedy };
      }
      if (code === undefined) throw error;
      if (ABSENT.test(error.message)) return { kind, name, state: 'absent', text: `${definition} would be declared` };
      return { kind, name, state: 'conflict', text: error.message, cure: remedyFor(error, resource) };
    } finally {
      if (open) await channel.close().catch(() => undefined);
    }
  }
}

function findingOf({ address, reason }: HostFault): Finding {
  return { kind: 'host', name: address, state: 'unavailable', text: reason };
}
