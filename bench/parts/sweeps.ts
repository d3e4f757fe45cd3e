import { MAIN_PEERS, PEER_NAMES, PEERS, type PeerName, RIVALS } from '../peers/peer.js';
import { type Session, subjectsOf, withSubjects } from '../running/session.js';
import type { Cores, Subject } from '../running/subject.js';
import { type Block, figure, tableOf, text } from '../table.js';

interface Point {
  peer: PeerName;
}

export interface SweepsResult {
  concurrency: (Point & Cores & { inFlight: number; callsPerSecond: number })[];
  /** `keptUp` is false where a peer was too slow for the rate. */
  rates: (Point & { ratePerSecond: number; p50Ms: number; p99Ms: number; keptUp: boolean })[];
  sizes: (Point & { bytes: number; callsPerSecond: number })[];
  pending: (Point & { calls: number; heapBytes: number })[];
}

/** Bytes in flight of a sweep of sizes. With a hundred calls of a megabyte, the machine would measure its memory. */
const MAX_BYTES_IN_FLIGHT = 8_000_000;
const MIN_RATE = 100;

/** Measures each peer over a range of one quantity, and all peers at one point before the next point. */
export async function runSweeps(session: Session): Promise<SweepsResult> {
  return withSubjects(session, subjectsOf(session.peers), async (subjects) => {
    const { plan, say } = session;
    const each = stepOverPeers(subjects, say);
    await each(PEER_NAMES, (subject) => subject.measure({ inFlight: 100, seconds: plan.calls.warmUp / 2 }));
    const result: SweepsResult = { concurrency: [], rates: [], sizes: [], pending: [] };
    for (const inFlight of plan.sweeps.inFlight) {
      say(`in flight   ${inFlight}`);
      result.concurrency.push(...(await each(PEER_NAMES, (it) => atConcurrency(it, inFlight, plan.sweeps.seconds))));
    }
    for (const bytes of plan.sweeps.bytes) {
      say(`size        ${bytes} bytes`);
      result.sizes.push(...(await each(PEER_NAMES, (it) => atSize(it, bytes, plan.sweeps.seconds))));
    }
    for (const ratePerSecond of ratesOf(result, plan.sweeps.rates)) {
      say(`rate        ${ratePerSecond} calls/s`);
      result.rates.push(...(await each(MAIN_PEERS, (it) => atRate(it, ratePerSecond, plan.sweeps.seconds * 2))));
    }
    const { pending: counts } = plan.sweeps;
    const withHeap = PEER_NAMES.filter((name) => name !== 'oslo-python');
    await each(withHeap, async (subject, peer) => {
      say(`pending     ${peer}, up to ${counts.at(-1)} calls`);
      const { bytes, lost } = await subject.pend(counts);
      bytes.forEach((heapBytes, index) => {
        result.pending.push({ peer, calls: counts[index] ?? 0, heapBytes });
      });
      if (lost !== undefined) throw new Error(lost);
      return {};
    });
    return result;
  });
}

/** Returns a function that runs a step with each of the named peers. A rival that fails takes no part in later steps. */
function stepOverPeers(subjects: Record<PeerName, Subject>, say: Session['say']) {
  const left = new Map(Object.entries(subjects) as [PeerName, Subject][]);
  return async <T>(names: readonly PeerName[], step: (subject: Subject, peer: PeerName) => Promise<T>) => {
    const found: (Point & T)[] = [];
    for (const [peer, subject] of left) {
      if (!names.includes(peer)) continue;
      try {
        found.push({ peer, ...(await step(subject, peer)) });
      } catch (error) {
        if (!RIVALS.includes(peer)) throw error;
        left.delete(peer);
        say(`            ${peer} failed and is left out from here on: ${String(error).split('\n')[0]}`);
      }
    }
    return found;
  };
}

async function atConcurrency(subject: Subject, inFlight: number, seconds: number) {
  const { callsPerSecond, clientCores, serverCores, brokerCores } = await subject.measure({ inFlight, seconds });
  return { inFlight, callsPerSecond, clientCores, serverCores, brokerCores };
}

async function atSize(subject: Subject, bytes: number, seconds: number) {
  const inFlight = Math.min(100, Math.ceil(MAX_BYTES_IN_FLIGHT / bytes));
  const { callsPerSecond } = await subject.measure({ inFlight, seconds }, bytes);
  return { bytes, callsPerSecond };
}

async function atRate(subject: Subject, ratePerSecond: number, seconds: number) {
  const { p50Ms, p99Ms, keptUp } = await subject.pace({ ratePerSecond, seconds });
  return { ratePerSecond, p50Ms, p99Ms, keptUp };
}

/** Returns the same rates for all peers, as parts of the highest rate of bare amqplib. */
function ratesOf({ concurrency }: SweepsResult, parts: readonly number[]): number[] {
  const most = Math.max(0, ...concurrency.filter(({ peer }) => peer === 'floor').map((it) => it.callsPerSecond));
  return most === 0 ? [] : parts.map((part) => Math.max(MIN_RATE, Math.round((part * most) / 100) * 100));
}

/** Returns the bytes of one more pending call; undefined for a peer that was not measured. */
export function bytesPerPendingCall(points: SweepsResult['pending'], peer: PeerName): number | undefined {
  const own = points.filter((point) => point.peer === peer).toSorted((a, b) => a.calls - b.calls);
  const [first] = own;
  const last = own.at(-1);
  if (!first || !last || first === last) return undefined;
  return (last.heapBytes - first.heapBytes) / (last.calls - first.calls);
}

export function sweepsDocuments({ concurrency, pending }: SweepsResult): Record<string, Block[]> {
  const own = concurrency.filter(({ peer }) => peer === 'oslo');
  const cores = tableOf(own, {
    'calls in flight': ({ inFlight }) => String(inFlight),
    'calls/s': ({ callsPerSecond }) => figure(callsPerSecond, 'thousands'),
    'cores: client': ({ clientCores }) => figure(clientCores, 2),
    server: ({ serverCores }) => figure(serverCores, 2),
    broker: ({ brokerCores }) => figure(brokerCores, 2),
    "the broker's share": ({ clientCores, serverCores, brokerCores }) =>
      `${text((100 * brokerCores) / (clientCores + serverCores + brokerCores), 0)} %`,
  });
  const measured = PEER_NAMES.filter((name) => bytesPerPendingCall(pending, name) !== undefined);
  const bytes = tableOf(measured, {
    '': (name) => PEERS[name].title,
    'bytes for a pending call': (name) => figure(bytesPerPendingCall(pending, name), 'thousands'),
  });
  return { cores: [cores], pending: [bytes] };
}
