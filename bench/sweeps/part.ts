import { MAIN_PEERS, type PeerName, RIVALS } from '../peer.js';
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

/** Each peer over a range of one thing. A point is measured for all the peers before the next one is. */
export async function runSweeps(session: Session): Promise<SweepsResult> {
  const { plan, say } = session;
  return withPeers(session, session.peers, async (running) => {
    const peers = new Field(running, say);
    await peers.each((peer) => measured(peer, { inFlight: 100, seconds: plan.calls.warmUp / 2 }));
    const concurrency = await sweepConcurrency(session, peers);
    const sizes = await sweepSizes(session, peers);
    const rates = await sweepRates(session, peers.only(MAIN_PEERS), concurrency);
    // Its processes tell nothing of their heap.
    peers.leave('oslo-python');
    return { concurrency, rates, sizes, pending: await sweepPending(session, peers) };
  });
}

/** Those that still take part. Some do not survive what others do, which shall not end the run. */
class Field {
  readonly #peers: Set<RunningPeer<PeerName>>;

  constructor(
    peers: readonly RunningPeer<PeerName>[],
    private readonly say: (line: string) => void,
  ) {
    this.#peers = new Set(peers);
  }

  leave(name: PeerName): void {
    for (const peer of this.#peers) if (peer.name === name) this.#peers.delete(peer);
  }

  only(names: readonly PeerName[]): Field {
    return new Field(
      [...this.#peers].filter(({ name }) => names.includes(name)),
      this.say,
    );
  }

  async each<T>(work: (peer: RunningPeer<PeerName>) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (const peer of this.#peers) {
      try {
        results.push(await work(peer));
      } catch (error) {
        if (!RIVALS.includes(peer.name)) throw error;
        this.#peers.delete(peer);
        const [reason] = String(error).split('\n');
        this.say(`            ${peer.name} is left out from here on: ${reason}`);
      }
    }
    return results;
  }
}

async function sweepConcurrency({ plan, say }: Session, peers: Field): Promise<ConcurrencyPoint[]> {
  const points: ConcurrencyPoint[] = [];
  for (const inFlight of plan.sweeps.inFlight) {
    say(`in flight   ${inFlight}`);
    const found = await peers.each(async (peer) => {
      const result = await measured(peer, { inFlight, seconds: plan.sweeps.seconds });
      const { callsPerSecond, p50Ms, p90Ms, p99Ms } = result;
      const cores = (microsPerCall: number) => (microsPerCall * callsPerSecond) / 1e6;
      return {
        peer: peer.name,
        inFlight,
        callsPerSecond,
        p50Ms,
        p90Ms,
        p99Ms,
        clientCores: cores(result.clientCpuMicrosPerCall),
        serverCores: cores(result.serverCpuMicrosPerCall),
        brokerCores: cores(result.brokerCpuMicrosPerCall),
      };
    });
    points.push(...found);
  }
  return points;
}

/** The same rates for all, so that the curves say who bends first. A chart holds two lines for each of a few. */
async function sweepRates(
  { plan, say }: Session,
  peers: Field,
  concurrency: readonly ConcurrencyPoint[],
): Promise<RatePoint[]> {
  const floor = concurrency.filter(({ peer }) => peer === 'floor');
  const points: RatePoint[] = [];
  if (floor.length === 0) return points;
  const most = Math.max(...floor.map(({ callsPerSecond }) => callsPerSecond));
  for (const part of plan.sweeps.rates) {
    const ratePerSecond = Math.max(100, Math.round((part * most) / 100) * 100);
    say(`rate        ${ratePerSecond} calls/s`);
    const found = await peers.each(async (peer) => {
      const result = await peer.pace({ ratePerSecond, seconds: plan.sweeps.seconds * 2 });
      if (result.errors > 0) throw new Error(`${result.errors} calls failed, the first: ${result.firstError}`);
      const { p50Ms, p90Ms, p99Ms, keptUp } = result;
      return { peer: peer.name, ratePerSecond, p50Ms, p90Ms, p99Ms, keptUp };
    });
    points.push(...found);
  }
  return points;
}

/** Bytes in flight at a time, at most: with a hundred calls of a megabyte the machine would measure its memory. */
const MOST_BYTES = 8_000_000;

async function sweepSizes({ plan, say }: Session, peers: Field): Promise<SizePoint[]> {
  const points: SizePoint[] = [];
  for (const bytes of plan.sweeps.bytes) {
    say(`size        ${bytes} bytes`);
    const inFlight = Math.min(100, Math.ceil(MOST_BYTES / bytes));
    const found = await peers.each(async (peer) => {
      const { callsPerSecond, p50Ms } = await measured(peer, { inFlight, seconds: plan.sweeps.seconds }, bytes);
      return { peer: peer.name, bytes, callsPerSecond, p50Ms };
    });
    points.push(...found);
  }
  return points;
}

async function sweepPending({ plan, say }: Session, peers: Field): Promise<PendingPoint[]> {
  const counts = plan.sweeps.pending;
  const points: PendingPoint[] = [];
  await peers.each(async (peer) => {
    say(`pending     ${peer.name}, up to ${counts.at(-1)} calls`);
    const { bytes, lost } = await peer.pend(counts);
    for (const [index, heapBytes] of bytes.entries())
      points.push({ peer: peer.name, calls: counts[index] ?? 0, heapBytes });
    if (lost !== undefined) throw new Error(lost);
  });
  return points;
}
