import { MAIN_PEERS, PEER_NAMES, PEERS, type PeerName, RIVALS } from '../peers/peer.js';
import { warmUpOf } from '../rounds.js';
import { payload } from '../running/payload.js';
import { type Session, settingsOf, withSubjects } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { type Block, tableOf, text } from '../table.js';

export type SweepsResult = Awaited<ReturnType<typeof run>>;

/** Bytes in flight of a sweep of sizes. With a hundred calls of a megabyte, the machine would measure its memory. */
const MAX_BYTES_IN_FLIGHT = 8_000_000;
const MIN_RATE = 100;
/** Python has no figure of its heap. */
const WITH_HEAP = PEER_NAMES.filter((name) => name !== 'oslo-python');

/** Measures each peer over a range of one quantity, and all peers at one point before the next point. */
export async function run(session: Session) {
  const { seconds, ...points } = session.plan.sweeps;
  return withSubjects(session, settingsOf(session.peers), warmUpOf(session.plan.calls), async (subjects) => {
    const sweep = sweepOver(subjects, session.say);
    const concurrency = await sweep('in flight', points.inFlight, PEER_NAMES, async (subject, inFlight) => {
      const { callsPerSecond, clientCores, serverCores, brokerCores } = await subject.measure({ inFlight, seconds });
      return { inFlight, callsPerSecond, clientCores, serverCores, brokerCores };
    });
    const sizes = await sweep('bytes', points.bytes, PEER_NAMES, async (subject, bytes) => {
      const inFlight = Math.min(100, Math.ceil(MAX_BYTES_IN_FLIGHT / bytes));
      const { callsPerSecond } = await subject.measure({ inFlight, seconds }, bytes);
      return { bytes, callsPerSecond };
    });
    // The same rates for all peers, as parts of the highest rate of bare amqplib.
    const most = Math.max(...concurrency.map((it) => (it.peer === 'floor' ? it.callsPerSecond : 0)));
    const asked = points.rates.map((part) => Math.max(MIN_RATE, Math.round((part * most) / 100) * 100));
    const rates = await sweep('calls/s', asked, MAIN_PEERS, async (subject, ratePerSecond) => {
      const paced = await subject.client.ask('pace', { ratePerSecond, seconds: seconds * 2 }, payload);
      const { p50Ms, p99Ms, keptUp } = subject.withoutErrors(paced);
      return { ratePerSecond, p50Ms, p99Ms, keptUp };
    });
    const pending: { peer: PeerName; calls: number; heapBytes: number }[] = [];
    await sweep('pending', [points.pending], WITH_HEAP, async (subject, counts, peer) => {
      const bytes = await subject.pend(counts);
      pending.push(...bytes.map((heapBytes, index) => ({ peer, calls: counts[index] ?? 0, heapBytes })));
      await subject.client.ask('settle');
    });
    return { concurrency, rates, sizes, pending };
  });
}

/** Returns a function that measures the named peers at each value. A rival that fails takes no further part. */
function sweepOver(subjects: Record<PeerName, Subject>, say: Session['say']) {
  const left = new Map(Object.entries(subjects) as [PeerName, Subject][]);
  return async <Value, T>(
    quantity: string,
    values: readonly Value[],
    names: readonly PeerName[],
    step: (subject: Subject, value: Value, peer: PeerName) => Promise<T>,
  ) => {
    const found: ({ peer: PeerName } & T)[] = [];
    for (const value of values) {
      say(`${quantity.padEnd(10)}  ${value}`);
      for (const [peer, subject] of left) {
        if (!names.includes(peer)) continue;
        try {
          found.push({ peer, ...(await step(subject, value, peer)) });
        } catch (error) {
          if (!RIVALS.includes(peer)) throw error;
          left.delete(peer);
          say(`            ${peer} failed and is left out from here on: ${String(error).split('\n')[0]}`);
        }
      }
    }
    return found;
  };
}

/** Returns the bytes of one more pending call; undefined for a peer that was not measured. */
export function bytesPerPendingCall(points: SweepsResult['pending'], peer: PeerName): number | undefined {
  const own = points.filter((point) => point.peer === peer).toSorted((a, b) => a.calls - b.calls);
  const [first] = own;
  const last = own.at(-1);
  if (!first || !last || first === last) return undefined;
  return (last.heapBytes - first.heapBytes) / (last.calls - first.calls);
}

export function documents({ concurrency, pending }: SweepsResult): Record<string, Block[]> {
  const own = concurrency.filter(({ peer }) => peer === 'oslo');
  const cores = tableOf(own, {
    'calls in flight': ({ inFlight }) => String(inFlight),
    'calls/s': ({ callsPerSecond }) => text(callsPerSecond, 'thousands'),
    'cores: client': ({ clientCores }) => text(clientCores, 2),
    server: ({ serverCores }) => text(serverCores, 2),
    broker: ({ brokerCores }) => text(brokerCores, 2),
    "the broker's share": ({ clientCores, serverCores, brokerCores }) =>
      `${text((100 * brokerCores) / (clientCores + serverCores + brokerCores), 0)} %`,
  });
  const measured = PEER_NAMES.filter((name) => bytesPerPendingCall(pending, name) !== undefined);
  const bytes = tableOf(measured, {
    '': (name) => PEERS[name].title,
    'bytes for a pending call': (name) => text(bytesPerPendingCall(pending, name), 'thousands'),
  });
  return { cores: [cores], pending: [bytes] };
}
