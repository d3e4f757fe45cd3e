import { Doctor, type Target, type Finding as TopologyFinding } from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Scene } from '../scene.js';

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

const OTHER_OPTIONS: Finding = {
  kind: 'check',
  name: 'options',
  state: 'unchecked',
  text: "The broker denies transient queues: compared with the options of rabbit.profile 'rabbitmq-4', which servers and callers without a profile take there",
};

const NO_BINDINGS: Finding = {
  kind: 'check',
  name: 'bindings',
  state: 'unchecked',
  text: 'Bindings were not checked: give --management-url to check that the queues are bound to the exchange, or try oslo-rpc ping',
};

/** Compares exchanges, queues and bindings of each target with the options, and tries each host. */
export const topologyCheck: Check = {
  name: 'topology',
  needs: 'broker',
  async run(scene) {
    const findings: Finding[] = [];
    // Hosts are tried once, with the first target.
    for (const target of scene.targets) findings.push(...(await examine(scene, target)));
    const isSeen = scene.management || !findings.some(({ kind, state }) => kind === 'queue' && state === 'as asked');
    if (!isSeen) findings.push(NO_BINDINGS);
    return findings.filter((one, index) => index === findings.findIndex((other) => isSame(one, other)));
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

function explained(finding: TopologyFinding): Finding {
  const why = WHY[finding.state];
  return why === undefined ? finding : { ...finding, why };
}

function isSame(one: Finding, other: Finding): boolean {
  return one.kind === other.kind && one.name === other.name && one.state === other.state;
}
