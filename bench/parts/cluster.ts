import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import { callRate, measureRounds } from '../rounds.js';
import { Broker } from '../running/broker.js';
import type { Session } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, tableOf, text } from '../table.js';

interface ClusterRound {
  p50Ms: number;
  callsPerSecond: number;
  /** CPU of all nodes together. */
  brokerCpuMicros: number;
}

export interface ClusterResult {
  nodes: number;
  /** One node with the usual queues. */
  transient: Spreads<ClusterRound>;
  /** One node with quorum queues. */
  quorum: Spreads<ClusterRound>;
  /** All nodes with quorum queues. */
  cluster: Spreads<ClusterRound>;
  /** Calls/s of the cluster, relative to one node with quorum queues. */
  clusterToQuorum: number;
}

const NODES = 3;
const IN_FLIGHT = 100;

/** Measures the cost of copies on three nodes. All of them share this machine. */
export async function runCluster(session: Session): Promise<ClusterResult> {
  session.say(`starting    ${NODES} nodes`);
  const nodes = await RabbitCluster.start(NODES);
  try {
    const broker = await Broker.at(nodes.url, nodes.nodes);
    const { rounds, seconds } = session.plan.cluster;
    const options = {
      title: 'cluster',
      subjects: {
        transient: { peer: 'oslo' },
        quorum: { peer: 'oslo-quorum' },
        cluster: { peer: 'oslo-quorum', broker },
      } as const,
      warmUp: (subject: Subject) => subject.measure({ inFlight: IN_FLIGHT, seconds: session.plan.calls.warmUp }),
      rounds,
      steps: [(it: Subject) => measureRound(it, seconds)],
      headline: (it: ClusterRound) => callRate(it),
    };
    return await measureRounds(session, options, ({ transient, quorum, cluster }) => ({
      nodes: NODES,
      transient: spreads(transient),
      quorum: spreads(quorum),
      cluster: spreads(cluster),
      clusterToQuorum: ratios(cluster, quorum).callsPerSecond.median,
    }));
  } finally {
    await nodes.stop();
  }
}

async function measureRound(subject: Subject, seconds: number): Promise<ClusterRound> {
  const { p50Ms } = await subject.measure({ inFlight: 1, seconds });
  const { callsPerSecond, brokerCpuMicrosPerCall } = await subject.measure({ inFlight: IN_FLIGHT, seconds });
  return { p50Ms, callsPerSecond, brokerCpuMicros: brokerCpuMicrosPerCall };
}

export function clusterDocuments({ nodes, transient, quorum, cluster }: ClusterResult): Record<string, Block[]> {
  const brokers = [
    { name: 'one node', ...transient },
    { name: 'one node, quorum queues', ...quorum },
    { name: `${nodes} nodes, quorum queues`, ...cluster },
  ];
  const table = tableOf(brokers, {
    broker: ({ name }) => name,
    'p50, one at a time': ({ p50Ms }) => `${text(p50Ms.median, 2)} ms`,
    'calls/s, 100 in flight': ({ callsPerSecond }) => figure(callsPerSecond, 'thousands'),
    'broker CPU a call, µs': ({ brokerCpuMicros }) => figure(brokerCpuMicros, 0),
    'calls/s for each core of the broker': (it) => figure(1e6 / it.brokerCpuMicros.median, 'thousands'),
  });
  return { cluster: [table] };
}
