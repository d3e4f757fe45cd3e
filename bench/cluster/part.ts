import { RabbitCluster } from '../../test/support/rabbit-cluster.js';
import { Broker } from '../broker.js';
import { measured, type RunningPeer } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { median, type Spread, spread } from '../statistics.js';

export interface ClusterFigures {
  p50Ms: Spread;
  callsPerSecond: Spread;
  /** Of all nodes together. */
  brokerCpuMicros: Spread;
}

export interface ClusterResult {
  nodes: number;
  /** One node with the usual queues, one node with quorum queues, and all nodes with quorum queues. */
  transient: ClusterFigures;
  quorum: ClusterFigures;
  cluster: ClusterFigures;
  /** The cluster's calls/s to those of one node with quorum queues, by rounds. */
  clusterToQuorum: number;
}

const NODES = 3;
const IN_FLIGHT = 100;

interface Round {
  p50Ms: number;
  callsPerSecond: number;
  brokerCpuMicros: number;
}

/** What copies on three nodes cost: all of them run on this one machine, which they share. */
export async function runCluster(session: Session): Promise<ClusterResult> {
  const { plan, say } = session;
  say(`starting    ${NODES} nodes`);
  const nodes = await RabbitCluster.start(NODES);
  try {
    const cluster = { broker: await Broker.at(nodes.url, nodes.nodes), say };
    return await withPeers(session, ['oslo', 'oslo-quorum'], (single) =>
      withPeers(cluster, ['oslo-quorum'], async (clustered) => {
        const subjects: RunningPeer[] = [...single, ...clustered];
        for (const peer of subjects) await measured(peer, { inFlight: IN_FLIGHT, seconds: plan.calls.warmUp });
        const rounds: Round[][] = subjects.map(() => []);
        for (let round = 0; round < plan.cluster.rounds; round++) {
          for (const [index, peer] of subjects.entries())
            rounds[index]?.push(await measureRound(peer, plan.cluster.seconds));
          say(`cluster ${round + 1} of ${plan.cluster.rounds}`);
        }
        const [transient = [], quorum = [], clusterRounds = []] = rounds;
        const ratios = clusterRounds.map(
          (it, index) => it.callsPerSecond / (quorum[index]?.callsPerSecond ?? Number.NaN),
        );
        return {
          nodes: NODES,
          transient: summary(transient),
          quorum: summary(quorum),
          cluster: summary(clusterRounds),
          clusterToQuorum: median(ratios),
        };
      }),
    );
  } finally {
    await nodes.stop();
  }
}

async function measureRound(peer: RunningPeer, seconds: number): Promise<Round> {
  const { p50Ms } = await measured(peer, { inFlight: 1, seconds });
  const { callsPerSecond, brokerCpuMicrosPerCall } = await measured(peer, { inFlight: IN_FLIGHT, seconds });
  return { p50Ms, callsPerSecond, brokerCpuMicros: brokerCpuMicrosPerCall };
}

function summary(rounds: readonly Round[]): ClusterFigures {
  return {
    p50Ms: spread(rounds.map((round) => round.p50Ms)),
    callsPerSecond: spread(rounds.map((round) => round.callsPerSecond)),
    brokerCpuMicros: spread(rounds.map((round) => round.brokerCpuMicros)),
  };
}
