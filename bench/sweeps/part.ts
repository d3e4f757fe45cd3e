import type { PeerName } from '../peer.js';
import { measured, type RunningPeer } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';

export interface ConcurrencyPoint {
  peer: PeerName;
  inFlight: number;
  callsPerSecond: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  /** How many cores each part had busy. */
  clientCores: number;
  serverCores: number;
  brokerCores: number;
}

export interface RatePoint {
  peer: PeerName;
  ratePerSecond: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  /** Whether the peer could go this fast at all. */
  keptUp: boolean;
}

export interface SizePoint {
  peer: PeerName;
  bytes: number;
  callsPerSecond: number;
  p50Ms: number;
}

export interface PendingPoint {
  peer: PeerName;
  calls: number;
  heapBytes: number;
}

export interface SweepsResult {
  concurrency: ConcurrencyPoint[];
  rates: RatePoint[];
  sizes: SizePoint[];
  pending: PendingPoint[];
}

type Peers = readonly RunningPeer<PeerName>[];

/** Each peer over a range of one thing. A point is measured for all the peers before the next one is. */
export async function runSweeps(session: Session): Promise<SweepsResult> {
  return withPeers(session, session.peers, async (peers) => {
    for (const peer of peers) await measured(peer, { inFlight: 100, seconds: session.plan.calls.warmUp / 2 });
    const concurrency = await sweepConcurrency(session, peers);
    // Python takes a thread for each call and has no pace of its own; its processes tell nothing of their heap.
    const ours = peers.filter(({ name }) => name !== 'oslo-python');
    return {
      concurrency,
      rates: await sweepRates(session, ours, concurrency),
      sizes: await sweepSizes(session, peers),
      pending: await sweepPending(session, ours),
    };
  });
}

async function sweepConcurrency({ plan, say }: Session, peers: Peers): Promise<ConcurrencyPoint[]> {
  const points: ConcurrencyPoint[] = [];
  for (const inFlight of plan.sweeps.inFlight) {
    say(`in flight   ${inFlight}`);
    for (const peer of peers) {
      const result = await measured(peer, { inFlight, seconds: plan.sweeps.seconds });
      const { callsPerSecond, p50Ms, p90Ms, p99Ms } = result;
      const cores = (microsPerCall: number) => (microsPerCall * callsPerSecond) / 1e6;
      points.push({
        peer: peer.name,
        inFlight,
        callsPerSecond,
        p50Ms,
        p90Ms,
        p99Ms,
        clientCores: cores(result.clientCpuMicrosPerCall),
        serverCores: cores(result.serverCpuMicrosPerCall),
        brokerCores: cores(result.brokerCpuMicrosPerCall),
      });
    }
  }
  return points;
}

/** The same rates for all, so that the curves say who bends first. */
async function sweepRates(
  { plan, say }: Session,
  peers: Peers,
  concurrency: readonly ConcurrencyPoint[],
): Promise<RatePoint[]> {
  const most = Math.max(
    ...concurrency.filter(({ peer }) => peer === 'floor').map(({ callsPerSecond }) => callsPerSecond),
  );
  const points: RatePoint[] = [];
  if (!Number.isFinite(most)) return points;
  for (const part of plan.sweeps.rates) {
    const ratePerSecond = Math.round((part * most) / 100) * 100;
    say(`rate        ${ratePerSecond} calls/s`);
    for (const peer of peers) {
      const { p50Ms, p90Ms, p99Ms, keptUp, errors, firstError } = await peer.pace({
        ratePerSecond,
        seconds: plan.sweeps.seconds * 2,
      });
      if (errors > 0) throw new Error(`${peer.name}: ${errors} calls failed, the first: ${firstError}`);
      points.push({ peer: peer.name, ratePerSecond, p50Ms, p90Ms, p99Ms, keptUp });
    }
  }
  return points;
}

/** Bytes in flight at a time, at most: with a hundred calls of a megabyte the machine would measure its memory. */
const MOST_BYTES = 8_000_000;

async function sweepSizes({ plan, say }: Session, peers: Peers): Promise<SizePoint[]> {
  const points: SizePoint[] = [];
  for (const bytes of plan.sweeps.bytes) {
    say(`size        ${bytes} bytes`);
    const inFlight = Math.min(100, Math.ceil(MOST_BYTES / bytes));
    for (const peer of peers) {
      const { callsPerSecond, p50Ms } = await measured(peer, { inFlight, seconds: plan.sweeps.seconds }, bytes);
      points.push({ peer: peer.name, bytes, callsPerSecond, p50Ms });
    }
  }
  return points;
}

async function sweepPending({ plan, say }: Session, peers: Peers): Promise<PendingPoint[]> {
  const counts = plan.sweeps.pending;
  const points: PendingPoint[] = [];
  for (const peer of peers) {
    say(`pending     ${peer.name}, up to ${counts.at(-1)} calls`);
    const { bytes, lost } = await peer.pend(counts);
    // Some do not survive it: they look through all pending calls for each reply, and miss the broker's heartbeats.
    if (lost !== undefined && peer.name === 'oslo') throw new Error(`oslo: ${lost}`);
    if (lost !== undefined) say(`            ${peer.name} did not answer all of them: ${lost.split('\n')[0]}`);
    for (const [index, heapBytes] of bytes.entries())
      points.push({ peer: peer.name, calls: counts[index] ?? 0, heapBytes });
  }
  return points;
}
