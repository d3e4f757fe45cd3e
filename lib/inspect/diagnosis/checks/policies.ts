import type { QueueStatus } from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';

/** Harm and remedy of rules that drop, move or delete. */
const RULES: Readonly<Record<string, readonly [why: string, cure: string]>> = {
  'message-ttl': [
    'Requests that wait longer vanish: casts are lost, calls time out',
    'Remove message-ttl: callers set the time themselves',
  ],
  expires: ['The queue and its messages are deleted while no server runs', 'Remove expires from queues of topics'],
  'max-length': ['Messages beyond the limit are dropped or refused', 'Remove the limit, or add servers'],
  'max-length-bytes': ['Messages beyond the limit are dropped or refused', 'Remove the limit, or add servers'],
  'delivery-limit': [
    'The broker drops a request before the library has dead-lettered it with its reason',
    'Raise delivery-limit above limits.deliveries',
  ],
  'dead-letter-exchange': [
    'Requests that expire or are dropped are kept there: to replay them runs work whose callers are gone',
    'Remove it from queues of topics, or purge its queue regularly',
  ],
};

/** Rules that concern the servers' own limit only where they are below it. */
const LIMIT = 'delivery-limit';

/** Looks for policies and arguments that drop, move or delete the messages of topics. */
export const policyCheck: Check = {
  name: 'policies',
  needs: 'management',
  async run(scene) {
    const { deliveries } = scene.settings.limits;
    const groups = new Map<string, { finding: Finding; others: string[] }>();
    for (const queue of await scene.topicQueues())
      for (const finding of findingsOf(queue, deliveries)) {
        const group = groups.get(finding.text);
        if (group) group.others.push(queue.name);
        else groups.set(finding.text, { finding, others: [] });
      }
    return [...groups.values()].map(({ finding, others }) => withOthers(finding, others));
  },
};

function findingsOf({ name, policies, policy, arguments: args }: QueueStatus, deliveries: number): Finding[] {
  return Object.entries(RULES).flatMap(([rule, [why, cure]]): Finding[] => {
    const own = rule === 'expires' ? undefined : args[`x-${rule}`];
    const value = policy[rule] ?? own;
    if (value === undefined || (rule === LIMIT && !(Number(value) < deliveries))) return [];
    const source =
      policy[rule] === undefined ? 'its arguments set' : `the policy ${policies.map(quoted).join(', ')} sets`;
    const overflow = policy['overflow'] ?? args['x-overflow'] ?? 'drop-head';
    const more = rule.startsWith('max-length') ? `, with overflow=${String(overflow)}` : '';
    const limit = rule === LIMIT ? `, below limits.deliveries, ${deliveries}` : '';
    const text = `${source} ${rule}=${JSON.stringify(value)}${more}${limit}`;
    return [{ kind: 'queue', name, state: 'lossy', text, why, cure }];
  });
}

function withOthers(finding: Finding, others: readonly string[]): Finding {
  if (others.length === 0) return finding;
  const [first = '', ...more] = others;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  return { ...finding, text: `${finding.text} (also of ${first}${rest})` };
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
