import type { Channel, ChannelModel } from 'amqplib';
import { counted } from '../../../core/counted.js';
import { Counters } from '../../../core/counters.js';
import { Deadline } from '../../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../../core/errors.js';
import type { Settings } from '../../../core/settings.js';
import type { Target } from '../../../core/target.js';
import type { TransportURL } from '../../../core/transport-url.js';
import { serverBindings } from '../../routing.js';
import { brokerVersion } from '../connection/broker-version.js';
import { RabbitConnection } from '../connection/connection.js';
import { withDistinctHosts } from '../connection/distinct-hosts.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { deniedTransient, remedyFor } from './conflict.js';
import { exchangeOptions } from './declared-options.js';
import { DeclareRefused, Declarer } from './declarer.js';
import { disconnectedTimeout } from './disconnected-timeout.js';
import { checkHosts, type HostFault } from './host-check.js';
import { ManagementApi, type QueueBinding } from './management-api.js';
import { QueueProfile } from './queue-profile.js';
import { membersOnline, whyUnavailable } from './queue-replicas.js';
import { describe, exchangeResource, isTransient, queueResource, type Resource } from './resource.js';
import { type ExchangeSpec, type QueueSpec, serverQueue } from './topology.js';

/** State of one exchange or queue of a topic, or of a host that has a fault. */
export interface Finding {
  readonly kind: 'exchange' | 'host' | 'queue';
  readonly name: string;
  /**
   * `absent`: not declared, which is no fault, because servers and callers declare it. `conflict`: declared with
   * another definition. `unbound`: requests to the exchange do not reach the queue. `unserved`: no consumer. `unseen`:
   * the management API did not answer. `unavailable`: a host that cannot be connected to or confirms nothing, or a quorum
   * queue without a leader or a majority.
   */
  readonly state: 'as asked' | 'absent' | 'conflict' | 'unavailable' | 'unbound' | 'unserved' | 'unseen';
  /** Definition and counts, or the fault. */
  readonly text: string;
  /** Remedy for a fault, where it is known. */
  readonly cure?: string;
}

/** Result of the check of an existing exchange or queue. The text follows its definition. */
type Sight = Pick<Finding, 'text' | 'cure'> & { readonly state?: Finding['state'] };

const OTHER_EXCHANGE = 'Give its servers and their callers the same controlExchange (oslo: control_exchange)';

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
      findings.push(await this.queue(model, queue, exchange?.state !== 'absent'));
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
      if (bound instanceof Error) return { state: 'unseen', text: `; ${bound.message}` };
      if (bound !== 0) return { text: '' };
      return {
        state: 'unserved',
        text: '; no queue is bound to it, so that a fanout reaches no server',
        cure: 'Start a server, or restart those that run: they declare their queues again',
      };
    });
  }

  private async queue(model: ChannelModel, spec: QueueSpec, exchangeIsThere: boolean): Promise<Finding> {
    const resource = queueResource(spec, this.declarer.optionsOf(spec));
    return this.look(model, resource, async (channel) => {
      const { messageCount, consumerCount } = await channel.checkQueue(spec.name);
      // The exchange was compared by itself.
      await this.declarer.declareQueue(channel, { ...spec, exchange: undefined });
      const rules = await this.management?.rulesOf(spec.name).catch(toError);
      if (rules instanceof Error) return { state: 'unseen', text: `; ${rules.message}` };
      const { replicas } = rules ?? {};
      const held = disconnectedTimeout(brokerVersion(model), resource.asked.type, rules);
      const online = replicas ? membersOnline(replicas) : '';
      const counts = `, ${counted(messageCount, 'message')}, ${counted(consumerCount, 'consumer')}${online}${held}`;
      const trouble = replicas && whyUnavailable(replicas);
      if (trouble) return { state: 'unavailable', text: `${counts}; ${trouble.fault}`, cure: trouble.cure };
      if (this.isSilent)
        return {
          state: 'unavailable',
          text: `${counts}; the node confirms nothing, so that these numbers may be wrong`,
          cure: 'Start the other nodes: rabbitmqctl cluster_status',
        };
      const unbound = await this.whyUnbound(spec, exchangeIsThere);
      if (unbound instanceof Error) return { state: 'unseen', text: `${counts}; ${unbound.message}` };
      if (unbound !== undefined) return { state: 'unbound', text: `${counts}; ${unbound}`, cure: OTHER_EXCHANGE };
      if (consumerCount > 0) return { text: counts };
      return {
        state: 'unserved',
        text: counts,
        cure: 'Start a server, or read the log of the running one for the reason',
      };
    });
  }

  /** Returns why requests to its exchange do not reach the queue; undefined when they do, or when it is unknown. */
  private async whyUnbound(
    { name, exchange, key }: QueueSpec,
    exchangeIsThere: boolean,
  ): Promise<string | Error | undefined> {
    if (!exchange) return undefined;
    const bindings = await this.management?.bindingsOf(name).catch(toError);
    if (bindings instanceof Error) return bindings;
    // AMQP has no method that lists bindings, but nothing can be bound to an exchange that does not exist.
    if (!bindings && exchangeIsThere) return undefined;
    if (bindings?.some((binding) => binding.exchange === exchange.name && binding.key === key)) return undefined;
    const present = bindings ? `it is bound to ${listed(bindings)}` : 'the exchange is not there';
    return `${present}, not to the exchange "${exchange.name}" by the key "${key}"`;
  }

  /** Examines one exchange or queue on a new channel, because the broker closes the channel with each refusal. */
  private async look(
    model: ChannelModel,
    resource: Resource,
    work: (channel: Channel) => Promise<Sight>,
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
      const { text, ...seen } = await work(channel);
      return { kind, name, state: 'as asked', ...seen, text: describe(kind, asked) + text };
    } catch (thrown) {
      const error = toError(thrown);
      const code = replyCodeOf(error);
      if (error instanceof DeclareRefused) {
        const { fault: text, ...remedy } = error.trouble;
        return { kind, name, state: 'conflict', text, ...remedy };
      }
      if (code === undefined) throw error;
      if (ABSENT.test(error.message))
        return { kind, name, state: 'absent', text: `${describe(kind, asked)} would be declared` };
      return { kind, name, state: 'conflict', text: error.message, cure: remedyFor(error, resource) };
    } finally {
      if (open) await channel.close().catch(() => undefined);
    }
  }
}

function findingOf({ address, reason }: HostFault): Finding {
  return { kind: 'host', name: address, state: 'unavailable', text: reason };
}

function listed(bindings: readonly QueueBinding[]): string {
  if (bindings.length === 0) return 'no exchange';
  return bindings.map(({ exchange, key }) => `the exchange "${exchange}" by the key "${key}"`).join(', ');
}
