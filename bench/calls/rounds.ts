import type { PeerName } from '../peer.js';
import type { Plan } from '../plan.js';
import { type Measured, measured, type RunningPeer } from '../running-peer.js';
import type { FiguresByPeer } from './summary.js';

/** One peer's figures of one round. CPU is that of a call, with many in flight. */
export interface RoundFigures {
  /** One call at a time. */
  p50Ms: number;
  p99Ms: number;
  callsPerSecond: number;
  /** With many in flight. */
  loadedP50Ms: number;
  loadedP99Ms: number;
  clientCpuMicros: number;
  serverCpuMicros: number;
  brokerCpuMicros: number;
  /** How many cores the broker had busy. */
  brokerCores: number;
}

/** Rounds go across the peers, since a machine's speed drifts from minute to minute, by more than peers differ. */
export async function runRounds(
  peers: readonly RunningPeer<PeerName>[],
  { rounds, warmUp, sequential, loaded, inFlight }: Plan['calls'],
  say: (line: string) => void,
): Promise<FiguresByPeer> {
  for (const peer of peers) {
    say(`warm-up     ${peer.name}`);
    await measured(peer, { inFlight: 1, seconds: warmUp / 2 });
    await measured(peer, { inFlight, seconds: warmUp / 2 });
  }
  const figures = new Map(peers.map(({ name }) => [name, [] as RoundFigures[]]));
  for (let round = 0; round < rounds; round++) {
    const order = rotated(peers, round);
    const latency = new Map<PeerName, Measured>();
    for (const peer of order) latency.set(peer.name, await measured(peer, { inFlight: 1, seconds: sequential }));
    for (const peer of order) {
      const one = latency.get(peer.name);
      const many = await measured(peer, { inFlight, seconds: loaded });
      if (!one) continue;
      figures.get(peer.name)?.push(combined(one, many));
      const rate = `${Math.round(many.callsPerSecond)} calls/s at ${inFlight} in flight`;
      say(`calls ${round + 1} of ${rounds}  ${peer.name.padEnd(15)}  p50 ${one.p50Ms.toFixed(2)} ms; ${rate}`);
    }
  }
  return Object.fromEntries(figures);
}

/** Nobody is always the first, who would find the broker idle, nor always the one after the heaviest. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const shift = by % items.length;
  return [...items.slice(shift), ...items.slice(0, shift)];
}

function combined(one: Measured, many: Measured): RoundFigures {
  return {
    p50Ms: one.p50Ms,
    p99Ms: one.p99Ms,
    callsPerSecond: many.callsPerSecond,
    loadedP50Ms: many.p50Ms,
    loadedP99Ms: many.p99Ms,
    clientCpuMicros: many.clientCpuMicrosPerCall,
    serverCpuMicros: many.serverCpuMicrosPerCall,
    brokerCpuMicros: many.brokerCpuMicrosPerCall,
    brokerCores: (many.brokerCpuMicrosPerCall * many.callsPerSecond) / 1e6,
  };
}
