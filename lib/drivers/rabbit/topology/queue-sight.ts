import type { Channel } from 'amqplib';
import { counted } from '../../../core/counted.js';
import { toError } from '../../../core/errors.js';
import { brokerVersion } from '../connection/broker-version.js';
import { disconnectedTimeout } from './disconnected-timeout.js';
import type { ManagementApi, QueueBinding } from './management-api.js';
import { membersOnline, whyUnavailable } from './queue-replicas.js';
import type { Resource } from './resource.js';
import type { QueueSpec } from './topology.js';
import type { Sight } from './topology-finding.js';

const OTHER_EXCHANGE = 'Give its servers and their callers the same controlExchange (oslo: control_exchange)';

/** What is known about a queue beside the queue itself. */
export interface QueueScene {
  /** Undefined where bindings and members cannot be seen. */
  readonly management: ManagementApi | undefined;
  /** True where the node confirms nothing. */
  readonly isSilent: boolean;
  readonly exchangeIsThere: boolean;
}

/** Looks whether an existing queue works: it takes requests, gets those of its exchange, and has a consumer. */
export async function seeQueue(
  channel: Channel,
  spec: QueueSpec,
  { asked }: Resource,
  scene: QueueScene,
): Promise<Sight> {
  const { messageCount, consumerCount } = await channel.checkQueue(spec.name);
  const rules = await scene.management?.rulesOf(spec.name).catch(toError);
  if (rules instanceof Error) return { state: 'unseen', text: `; ${rules.message}` };
  const { replicas } = rules ?? {};
  const held = disconnectedTimeout(brokerVersion(channel), asked.type, rules);
  const online = replicas ? membersOnline(replicas) : '';
  const counts = `, ${counted(messageCount, 'message')}, ${counted(consumerCount, 'consumer')}${online}${held}`;
  const trouble = replicas && whyUnavailable(replicas);
  if (trouble) return { state: 'unavailable', text: `${counts}; ${trouble.fault}`, cure: trouble.cure };
  if (scene.isSilent)
    return {
      state: 'unavailable',
      text: `${counts}; the node confirms nothing, so that these numbers may be wrong`,
      cure: 'Start the other nodes: rabbitmqctl cluster_status',
    };
  const unbound = await whyUnbound(spec, scene);
  if (unbound instanceof Error) return { state: 'unseen', text: `${counts}; ${unbound.message}` };
  if (unbound !== undefined) return { state: 'unbound', text: `${counts}; ${unbound}`, cure: OTHER_EXCHANGE };
  if (consumerCount > 0) return { text: counts };
  return {
    state: 'unserved',
    text: counts,
    cure: 'Start a server, or read the log of the running one for the reason',
  };
}

/** Returns why requests to its exchange do not reach the queue; undefined when they do, or when it is unknown. */
async function whyUnbound(
  { name, exchange, key }: QueueSpec,
  { management, exchangeIsThere }: QueueScene,
): Promise<string | Error | undefined> {
  if (!exchange) return undefined;
  const bindings = await management?.bindingsOf(name).catch(toError);
  if (bindings instanceof Error) return bindings;
  // AMQP has no method that lists bindings, but nothing can be bound to an exchange that does not exist.
  if (!bindings && exchangeIsThere) return undefined;
  if (bindings?.some((binding) => binding.exchange === exchange.name && binding.key === key)) return undefined;
  const present = bindings ? `it is bound to ${listed(bindings)}` : 'the exchange is not there';
  return `${present}, not to the exchange "${exchange.name}" by the key "${key}"`;
}

function listed(bindings: readonly QueueBinding[]): string {
  if (bindings.length === 0) return 'no exchange';
  return bindings.map(({ exchange, key }) => `the exchange "${exchange}" by the key "${key}"`).join(', ');
}
