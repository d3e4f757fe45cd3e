import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import { type CallsRound, callSteps, inRounds, warmUpOf } from '../rounds.js';
import { Broker } from '../running/broker.js';
import { type Session, withSubjects } from '../running/session.js';
import { mapValues, medians } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';

const NODES = 3;
const TITLES = {
  transient: 'one node',
  quorum: 'one node, quorum queues',
  cluster: `${NODES} nodes, quorum queues`,
};

type ClusterResult = Record<keyof typeof TITLES, CallsRound>;

/** Measures the cost of copies on three nodes. All of them share this machine. */
export async function run(session: Session): Promise<ClusterResult> {
  session.say(`starting    ${NODES} nodes`);
  const nodes = await RabbitCluster.start(NODES);
  try {
    const settings = {
      transient: { peer: 'oslo' },
      quorum: { peer: 'oslo-quorum' },
      cluster: { peer: 'oslo-quorum', broker: await Broker.of(nodes.nodes, nodes.url) },
    } as const;
    const plan = { ...session.plan.calls, ...session.plan.cluster };
    return await withSubjects(session, settings, warmUpOf(plan), async (subjects) => {
      const rounds = { title: 'cluster', subjects, rounds: plan.rounds, steps: callSteps(plan) };
      return mapValues(await inRounds(session, rounds), (figures) => medians(figures));
    });
  } finally {
    await nodes.stop();
  }
}

export function documents(result: ClusterResult): Record<string, Block[]> {
  const brokers = (['transient', 'quorum', 'cluster'] as const).map((name) => ({ name, ...result[name] }));
  const table = tableOf(brokers, {
    broker: ({ name }) => TITLES[name],
    'p50, one at a time': ({ p50Ms }) => `${text(p50Ms, 2)} ms`,
    'calls/s, 100 in flight': ({ callsPerSecond }) => text(callsPerSecond, 'thousands'),
    'broker CPU a call, µs': ({ brokerCpuMicros }) => text(brokerCpuMicros, 0),
    'calls/s for each core of the broker': (it) => text(1e6 / it.brokerCpuMicros, 'thousands'),
  });
  return { cluster: [table] };
}
