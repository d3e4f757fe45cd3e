import type { Load } from './load.js';
import type { PeerName } from './peer.js';
import type { Plan } from './plan.js';
import type { Measured, RunningPeer } from './running-peer.js';

/** One peer's figures of one round. */
export interface RoundFigures {
  p50Ms: number;
  p99Ms: number;
  callsPerSecond: number;
  clientCpuMicrosPerCall: number;
  serverCpuMicrosPerCall: number;
}

export type FiguresByPeer = Map<PeerName, RoundFigures[]>;

type Say = (line: string) => void;

/** Rounds go across the peers, since a machine's speed drifts from minute to minute, by more than peers differ. */
export async function runRounds(peers: readonly RunningPeer[], plan: Plan, say: Say): Promise<FiguresByPeer> {
  for (const peer of peers) {
    say(`warm-up     ${peer.name}`);
    await measured(peer, { inFlight: 1, seconds: plan.warmUp / 2 });
    await measured(peer, { inFlight: plan.inFlight, seconds: plan.warmUp / 2 });
  }
  const figures: FiguresByPeer = new Map(peers.map((peer) => [peer.name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    const order = rotated(peers, round);
    const latency = new Map<PeerName, Measured>();
    for (const peer of order) latency.set(peer.name, await measured(peer, { inFlight: 1, seconds: plan.sequential }));
    for (const peer of order) {
      const one = latency.get(peer.name);
      const many = await measured(peer, { inFlight: plan.inFlight, seconds: plan.throughput });
      if (!one) continue;
      figures.get(peer.name)?.push(combined(one, many));
      const heading = `round ${round + 1} of ${plan.rounds}`;
      say(`${heading}  ${peer.name.padEnd(8)}  ${describe(one, many, plan)}`);
    }
  }
  return figures;
}

/** Nobody is always the first, who would find the broker idle, nor always the one after the heaviest. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const shift = by % items.length;
  return [...items.slice(shift), ...items.slice(0, shift)];
}

/** A figure with errors in it would be no figure: calls that fail at once are fast. */
async function measured(peer: RunningPeer, load: Load): Promise<Measured> {
  const result = await peer.measure(load);
  if (result.errors > 0)
    throw new Error(`${peer.name}: ${result.errors} calls failed, the first: ${result.firstError}`);
  return result;
}

function combined(one: Measured, many: Measured): RoundFigures {
  return {
    p50Ms: one.p50Ms,
    p99Ms: one.p99Ms,
    callsPerSecond: many.callsPerSecond,
    clientCpuMicrosPerCall: many.clientCpuMicrosPerCall,
    serverCpuMicrosPerCall: many.serverCpuMicrosPerCall,
  };
}

function describe(one: Measured, many: Measured, plan: Plan): string {
  const latency = `p50 ${one.p50Ms.toFixed(2)} ms, p99 ${one.p99Ms.toFixed(2)} ms`;
  return `${latency}; ${Math.round(many.callsPerSecond)} calls/s at ${plan.inFlight} in flight`;
}
