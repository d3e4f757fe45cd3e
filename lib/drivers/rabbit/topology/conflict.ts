import type { RabbitOptions } from '../../../core/rabbit-options.js';
import type { TransientOption } from '../../../core/rabbit-settings.js';
import { shellWord } from '../../../core/shell-word.js';
import { snakeCase } from '../../../core/snake-case.js';
import { replyCodeOf } from '../connection/reply-code.js';
import type { Definition, Resource } from './resource.js';
import type { Trouble } from './trouble.js';

/** Difference between an existing exchange or queue and the requested one, in RabbitMQ's words. */
export interface Difference {
  readonly argument: string;
  readonly wanted: string;
  readonly found: string;
}

const INEQUIVALENT = /inequivalent arg '([^']+)'.*received (.+) but current is (.+?)"?$/;

/** Returns the difference that the broker refused; undefined for another refusal. The broker names the first one only. */
export function differenceIn(message: string): Difference | undefined {
  const [, argument, wanted = '', found = ''] = INEQUIVALENT.exec(message) ?? [];
  return argument === undefined ? undefined : { argument, wanted, found };
}

/** Returns true when the existing one can be used: not an exchange of another type, nor a stream instead of a queue. */
export function isUsable({ argument, wanted, found }: Difference): boolean {
  return argument !== 'type' && !(argument === 'x-queue-type' && /'stream'/.test(wanted + found));
}

/** Returns all differences between two definitions, in the form of {@link differenceIn}. */
export function differencesBetween(asked: Definition, present: Definition): Difference[] {
  const [wanted, found] = [argumentsOf(asked), argumentsOf(present)];
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    .filter((argument) => wanted[argument] !== found[argument])
    .map((argument) => ({ argument, wanted: wanted[argument] ?? 'none', found: found[argument] ?? 'none' }));
}

function argumentsOf({ type, durable, autoDelete, arguments: args }: Definition): Readonly<Record<string, string>> {
  const isQueue = /^(classic|quorum|stream)$/.test(type);
  const all = { durable, auto_delete: autoDelete, [isQueue ? 'x-queue-type' : 'type']: type, ...args };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, `'${String(value)}'`]));
}

type OptionName = keyof RabbitOptions;

const OF_QUORUM_QUEUES: Readonly<Record<string, OptionName>> = {
  'x-delivery-limit': 'rabbitQuorumDeliveryLimit',
  'x-max-in-memory-length': 'rabbitQuorumMaxMemoryLength',
  'x-max-in-memory-bytes': 'rabbitQuorumMaxMemoryBytes',
  'x-ha-policy': 'rabbitHaQueues',
};

/** Options that set an argument, by the role of the exchange or queue. */
const OPTIONS: Readonly<Record<Resource['role'], Readonly<Record<string, OptionName>>>> = {
  control: { durable: 'amqpDurableQueues', auto_delete: 'amqpAutoDelete' },
  fanout: { durable: 'rabbitTransientQuorumQueue' },
  shared: {
    durable: 'amqpDurableQueues',
    auto_delete: 'amqpAutoDelete',
    'x-queue-type': 'rabbitQuorumQueue',
    ...OF_QUORUM_QUEUES,
  },
  transient: {
    durable: 'rabbitTransientQuorumQueue',
    'x-queue-type': 'rabbitTransientQuorumQueue',
    'x-expires': 'rabbitTransientQueuesTtl',
    ...OF_QUORUM_QUEUES,
  },
  stream: { 'x-queue-type': 'rabbitStreamFanout', 'x-max-age': 'rabbitTransientQueuesTtl' },
};

/** Returns the advice that makes both sides agree. */
export function adviceOn(resource: Resource, differences: readonly Difference[]): string {
  const changes = new Set(differences.flatMap((difference) => changesFor(resource, difference)));
  return `Either ${[...changes].join(', and ')}, or ${removal(resource)}`;
}

function changesFor(resource: Resource, difference: Difference): string[] {
  const change = optionToChange(resource, difference);
  const other = alsoDurableBy(resource, difference);
  return other ? [change, `set ${named(other)} to false`] : [change];
}

/** Returns another option that makes durable what must not be. The definition of an exchange does not show it. */
function alsoDurableBy({ role, asked }: Resource, { argument, found }: Difference): OptionName | undefined {
  if (argument !== 'durable' || /true/.test(found)) return undefined;
  if (role === 'fanout') return 'rabbitStreamFanout';
  return role === 'control' || (role === 'shared' && asked.type === 'quorum') ? 'rabbitQuorumQueue' : undefined;
}

function optionToChange({ kind, role }: Resource, { argument, found }: Difference): string {
  if (kind === 'exchange' && argument === 'type') {
    return role === 'control'
      ? 'use another exchange (controlExchange; oslo: control_exchange)'
      : 'use another topic, since the name is made of it';
  }
  if (argument === 'x-queue-type' && role !== 'stream' && /'stream'/.test(found))
    return 'use another topic, since no option makes this queue a stream';
  const option = OPTIONS[role][argument];
  if (!option)
    return `set ${argument} by a policy of the broker (rabbitmqctl set_policy), as there is no option for it`;
  return `set ${named(option)} to ${settingFor(argument, found, role)}`;
}

function settingFor(argument: string, found: string, role: Resource['role']): string {
  if (argument === 'durable' || argument === 'auto_delete') return String(/true/.test(found));
  if (argument === 'x-queue-type') return String(role !== 'stream' && /'quorum'/.test(found));
  return `the existing value, ${found}`;
}

const named = (option: OptionName): string => `rabbit.${option} (oslo: ${snakeCase(option)})`;

function removal({ kind, name }: Pick<Resource, 'kind' | 'name'>): string {
  return kind === 'queue'
    ? `let the queue run empty, stop its servers and delete it (rabbitmqctl delete_queue ${shellWord(name)}): it is then declared as requested`
    : `stop all programs that use the exchange and delete it (rabbitmqadmin delete exchange --name ${shellWord(name)}; before RabbitMQ 4: name=${shellWord(name)}): it is then declared as requested`;
}

/** Returns the advice on a refusal without a difference, by its AMQP reply code. */
export function remedyFor(refusal: Error, resource: Resource): string {
  switch (replyCodeOf(refusal)) {
    case 403:
      return `The user needs permissions for it (rabbitmqctl set_permissions): to configure in order to declare it, to write in order to publish to it or bind it, to read in order to consume from it`;
    case 404:
      return 'It, or something that it depends on, does not exist now: a node of the cluster may be down';
    case 405:
      return `Another connection uses it exclusively: stop that program, use another topic or host, or ${removal(resource)}`;
    case 503:
    case 530:
    case 540:
      return `The broker has closed the connection for it: see its log, ${VHOST_LIMITS}, and the rabbit.… options of the queue`;
    default:
      return /limit in vhost/.test(refusal.message)
        ? `See ${VHOST_LIMITS}`
        : 'The options of rabbit.… request something that this broker does not support';
  }
}

const VHOST_LIMITS = 'the limits of the virtual host (rabbitmqctl list_vhost_limits)';

/** Returns the trouble of a denied transient queue. @param transientBy option that asks for such queues */
export function deniedTransient(transientBy: TransientOption | undefined): Required<Trouble> {
  const fault = 'the broker denies transient queues';
  const cure =
    'Python services of this broker need amqp_durable_queues, rabbit_quorum_queue and rabbit_transient_quorum_queue. Releases without the last one, such as oslo.messaging 14.0, need a broker that permits such queues (deprecated_features.permit.transient_nonexcl_queues = true)';
  if (transientBy === undefined) return { fault, cure };
  const [by, instead] =
    transientBy === 'profile' ? ["rabbit.profile 'classic'", ", or set it to 'rabbitmq-4'"] : [named(transientBy), ''];
  return { fault: `${fault}, and ${by} asks for them`, cure: `Leave it out${instead}. ${cure}` };
}
