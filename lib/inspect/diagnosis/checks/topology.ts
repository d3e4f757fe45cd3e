import { Doctor, nearest, type RpcTopic, type Target, type Finding as TopologyFinding } from '../../../internal.js';
import type { Check } from '../check.js';
import { connectAdvice } from '../connect-advice.js';
import type { Finding } from '../finding.js';
import type { Scene } from '../scene.js';
import { UNSEEN_CURE } from '../unseen-cure.js';

/** Harm of each state. */
const WHY: Readonly<Record<TopologyFinding['state'], string | undefined>> = {
  'as asked': undefined,
  absent: undefined,
  conflict: 'Servers and callers with these options do not start here, or use it as it is with a warning',
  unavailable: 'Requests there wait, and calls end with MessagingTimeout',
  unbound: 'Calls to this exchange end with MessageUndeliverable',
  unserved: 'Requests wait there: calls end with MessagingTimeout',
  unseen: 'Faults of it stay hidden',
};

/** Words of the broker for a missing permission. */
const REFUSED = /ACCESS_REFUSED - access to/;

const OTHER_OPTIONS: Finding = {
  kind: 'check',
  name: 'options',
  state: 'unchecked',
  text: "The broker denies transient queues: compared with the options of rabbit.profile 'rabbitmq-4', which servers and callers without a profile take there",
};

/** Compares exchanges, queues and bindings of each target with the options, and tries each host. */
export const topologyCheck: Check = {
  name: 'topology',
  needs: 'broker',
  isVital: true,
  async run(scene) {
    const findings: Finding[] = [];
    // Hosts are tried once, with the first target.
    for (const target of scene.targets) {
      const found = await examine(scene, target);
      findings.push(...found, ...(await nobodyServes(scene, target, found)));
    }
    return findings;
  },
};

async function examine({ settings, url }: Scene, target: Target): Promise<Finding[]> {
  const doctor = new Doctor(settings, url);
  try {
    const findings = (await doctor.examine(target)).map(explained);
    return doctor.hasOtherOptions ? [...findings, OTHER_OPTIONS] : findings;
  } finally {
    void doctor.close();
  }
}

/** Says that a topic without a queue has no server, and which topic may be meant. Not a fault: before the first start, it is so. */
async function nobodyServes(scene: Scene, { topic = '' }: Target, found: readonly Finding[]): Promise<Finding[]> {
  if (!found.some(({ kind, name, state }) => kind === 'queue' && name === topic && state === 'absent')) return [];
  const others = await scene.topics().catch((): RpcTopic[] => []);
  const meant = nearest(
    topic,
    others.map((one) => one.topic),
  );
  const text = 'nobody serves it: it has no queue, and calls end with MessageUndeliverable';
  const cure = meant ? `Did you mean the topic ${meant}? Else start a server` : 'Start a server, or correct the topic';
  return [{ kind: 'topic', name: topic, state: 'absent', text, cure }];
}

function explained(finding: TopologyFinding): Finding {
  const { kind, state, text } = finding;
  if (kind === 'host') return { ...finding, ...connectAdvice(text) };
  if (REFUSED.test(text)) return { ...finding, state: 'refused', why: 'Servers with this login do not start' };
  const why = WHY[state];
  if (why === undefined) return finding;
  return state === 'unseen' ? { cure: UNSEEN_CURE.management, ...finding, why } : { ...finding, why };
}
