import { RabbitCluster } from '../../test/support/rabbit-cluster.js';
import { callRate, inRounds, type Session } from '../rounds.js';
import { Broker } from '../running/broker.js';
import { type Subject, withSubjects } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, text } from '../table.js';

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
  const { plan, say } = session;
  say(`starting    ${NODES} nodes`);
  const nodes = await RabbitCluster.start(NODES);
  try {
    const clustered = { broker: await Broker.at(nodes.url, nodes.nodes), say };
    const single = { transient: { peer: 'oslo' }, quorum: { peer: 'oslo-quorum' } } as const;
    const figures = await withSubjects(session, single, (one) =>
      withSubjects(clustered, { cluster: { peer: 'oslo-quorum' } }, async (all) => {
        const subjects = { ...one, ...all };
        for (const subject of Object.values(subjects))
          await subject.measure({ inFlight: IN_FLIGHT, seconds: plan.calls.warmUp });
        const { rounds, seconds } = plan.cluster;
        const steps = [(it: Subject) => measureRound(it, seconds)];
        return inRounds<keyof typeof subjects, Subject, ClusterRound>(
          subjects,
          { title: 'cluster', rounds, steps, headline: callRate },
          say,
        );
      }),
    );
    return {
      nodes: NODES,
      transient: spreads(figures.transient),
      quorum: spreads(figures.quorum),
      cluster: spreads(figures.cluster),
      clusterToQuorum: ratios(figures.cluster, figures.quorum).callsPerSecond.median,
    };
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
  const row = (label: string, { p50Ms, callsPerSecond, brokerCpuMicros }: Spreads<ClusterRound>) => [
    label,
    `${text(p50Ms.median, 2)} ms`,
    figure(callsPerSecond, 'thousands'),
    figure(brokerCpuMicros, 0),
    figure(1e6 / brokerCpuMicros.median, 'thousands'),
  ];
  const head = [
    'broker',
    'p50, one at a time',
    'calls/s, 100 in flight',
    'broker CPU a call, µs',
    'calls/s for each core of the broker',
  ];
  const rows = [
    row('one node', transient),
    row('one node, quorum queues', quorum),
    row(`${nodes} nodes, quorum queues`, cluster),
  ];
  return { cluster: [{ head, rows }] };
}
