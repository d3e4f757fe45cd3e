import { exchangeSpec, routeOf, serverBindings, serverQueue, type Target } from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Scene } from '../scene.js';

/** Operation that a user needs, and those who need it. */
interface Need {
  readonly kind: 'exchange' | 'queue';
  readonly name: string;
  readonly right: 'configure' | 'read' | 'write';
  readonly why: string;
  readonly probe: () => Promise<string | undefined>;
}

const NO_SERVER = 'Servers with this login do not start: ServerListenError';
const NO_REPLY = 'Servers with this login cannot reply: their callers end with MessagingTimeout';
const NO_CALL = 'Callers with this login end with MessageDeliveryFailure';

/** Tries what callers and servers of a topic must be permitted to do. Nothing is published, declared or consumed. */
export const permissionCheck: Check = {
  name: 'permissions',
  needs: 'broker',
  async run(scene) {
    if ((await scene.alarm()) !== undefined) {
      const text = 'Permissions were not checked: the broker reads from no connection that publishes';
      return scene.isWhole ? [] : [{ kind: 'check', name: 'permissions', state: 'unchecked', text }];
    }
    const needs = scene.targets.flatMap((target) => needsOf(scene, target));
    if (needs.length > 0) needs.push(...sharedNeeds(scene));
    const findings = await Promise.all(needs.map((need) => findingsOf(scene, need)));
    return findings.flat();
  },
};

function needsOf({ settings, probe }: Scene, target: Target): Need[] {
  const { rabbit, controlExchange } = settings;
  const exchange = exchangeSpec(routeOf(target, controlExchange), rabbit);
  const fanout = exchangeSpec(routeOf(target.with({ fanout: true }), controlExchange), rabbit);
  const key = target.server === undefined ? `${target.topic}` : `${target.topic}.${target.server}`;
  const queues = serverBindings(target, controlExchange)
    .filter(({ transient, queue }) => !transient && (queue === target.topic || target.server !== undefined))
    .map((binding) => serverQueue(binding, rabbit));
  const about = (name: string, kind: Need['kind'] = 'exchange') => ({ kind, name });
  return [
    { ...about(exchange.name), right: 'write', why: NO_CALL, probe: () => probe.publish(exchange.name, key) },
    { ...about(exchange.name), right: 'configure', why: NO_SERVER, probe: () => probe.declareExchange(exchange.name) },
    {
      ...about(fanout.name),
      right: 'write',
      why: 'Fanout casts with this login end with MessageDeliveryFailure',
      probe: () => probe.publish(fanout.name, ''),
    },
    { ...about(fanout.name), right: 'configure', why: NO_SERVER, probe: () => probe.declareExchange(fanout.name) },
    ...queues.flatMap(({ name }): Need[] => [
      { ...about(name, 'queue'), right: 'configure', why: NO_SERVER, probe: () => probe.declareQueue(name) },
      { ...about(name, 'queue'), right: 'read', why: NO_SERVER, probe: () => probe.consume(name) },
    ]),
  ];
}

function sharedNeeds({ probe }: Scene): Need[] {
  return [
    {
      kind: 'queue',
      name: 'reply_…',
      right: 'configure',
      why: 'Calls with this login never get a reply: they end with MessageDeliveryFailure',
      probe: () => probe.replyQueue(),
    },
    {
      kind: 'exchange',
      name: 'amq.default',
      right: 'write',
      why: NO_REPLY,
      probe: () => probe.publish('', 'reply_doctor'),
    },
  ];
}

async function findingsOf({ url }: Scene, { kind, name, right, why, probe }: Need): Promise<Finding[]> {
  const words = await probe();
  if (words === undefined) return [];
  const vhost = url.virtualHost || '/';
  const user = /for user '(.*)'/.exec(words)?.[1] ?? 'USER';
  const cure = words.includes('access to topic')
    ? `Extend its topic permissions: rabbitmqctl set_topic_permissions -p ${vhost} ${user} ${name} WRITE READ`
    : `Let the pattern for ${right} match ${name}: rabbitmqctl set_permissions -p ${vhost} ${user} CONFIGURE WRITE READ`;
  return [{ kind, name, state: 'refused', text: `no permission to ${right}: ${words}`, why, cure }];
}
