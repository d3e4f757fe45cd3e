import type { Channel } from 'amqplib';
import { counted } from '../../../core/counted.js';
import { toError } from '../../../core/errors.js';
import { brokerVersion } from '../connection/broker-version.js';
import { disconnectedTimeout } from './disconnected-timeout.js';
import type { ManagementApi, QueueBinding } from './management-api.js';
import { ManagementFailure } from './management-failure.js';
import { membersOnline, whyUnavailable } from './queue-replicas.js';
import type { Resource } from './resource.js';
import type { QueueSpec } from './topology.js';
import type { Sight } from './topology-finding.js';

const OTHER_EXCHANGE = 'Give its servers and their callers the same controlExchange (oslo: control_exchange)';

/** Facts about a queue from elsewhere. */
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
  const answer = await scene.management?.rulesOf(spec.name).catch(toError);
  const rules = answer instanceof Error ? undefined : answer;
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
  const bindings = answer instanceof Error ? answer : await scene.management?.bindingsOf(spec.name).catch(toError);
  // A failure of the API must not hide what AMQP shows.
  const failure = bindings instanceof Error ? bindings : undefined;
  const unseen = failure ? `; ${failure.message}` : '';
  const unbound = whyUnbound(spec, scene, bindings instanceof Error ? undefined : bindings);
  if (unbound !== undefined) return { state: 'unbound', text: `${counts}; ${unbound}${unseen}`, cure: OTHER_EXCHANGE };
  if (consumerCount === 0)
    return {
      state: 'unserved',
      text: `${counts}${unseen}`,
      cure: 'Start a server, or read the log of the running one for the reason',
    };
  return failure ? unseenSight(failure, counts) : { text: counts };
}

/** Returns the sight for a failure of the management API where nothing else is wrong. @param text what AMQP shows */
export function unseenSight(failure: Error, text = ''): Sight {
  const cure = failure instanceof ManagementFailure ? failure.cure : undefined;
  return { state: 'unseen', text: `${text}; ${failure.message}`, ...(cure !== undefined && { cure }) };
}

/**
 * Returns why requests to its exchange do not reach the queue; undefined when they do, or when it is unknown.
 * @param bindings undefined where they cannot be seen
 */
function whyUnbound(
  { exchange, key }: QueueSpec,
  { exchangeIsThere }: QueueScene,
  bindings: readonly QueueBinding[] | undefined,
): string | undefined {
  if (!exchange) return undefined;
  // AMQP has no method that lists bindings, but nothing can be bound to an exchange that does not exist.
  if (!bindings && exchangeIsThere) return undefined;
  if (bindings?.some((binding) => binding.exchange === exchange.name && binding.key === key)) return undefined;
  const present = bindings ? `it is bound to ${namesOf(bindings)}` : 'the exchange is not there';
  return `${present}, not to the exchange "${exchange.name}" by the key "${key}"`;
}

function namesOf(bindings: readonly QueueBinding[]): string {
  if (bindings.length === 0) return 'no exchange';
  return bindings.map(({ exchange, key }) => `the exchange "${exchange}" by the key "${key}"`).join(', ');
}
