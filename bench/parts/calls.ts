import type { Stamp } from '../machine.js';
import { PEER_NAMES, PEERS, type PeerName, RIVALS } from '../peers/peer.js';
import type { Plan } from '../plan.js';
import { callRate, measureRounds } from '../rounds.js';
import type { Memory } from '../running/memory.js';
import { type Session, subjectsOf } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, type Table, tableOf, text } from '../table.js';

/** Figures of one peer in one round. */
export interface CallsRound {
  /** With one call at a time. */
  p50Ms: number;
  p99Ms: number;
  /** This and the rest: with many calls in flight. CPU is that of one call. */
  callsPerSecond: number;
  loadedP99Ms: number;
  clientCpuMicros: number;
  serverCpuMicros: number;
  brokerCpuMicros: number;
}

export interface PeerCalls {
  summary: Spreads<CallsRound>;
  /** Memory after the last round. */
  memory: { client: Memory; server: Memory };
}

export interface CallsResult {
  inFlight: number;
  peers: Partial<Record<PeerName, PeerCalls>>;
  /** This library to each of the others. */
  ratios: Partial<Record<PeerName, Spreads<CallsRound>>>;
  /** The product in use today that answered most calls in a second. */
  best: PeerName | null;
}

/** Factor by which this library is to exceed the best of the rivals. */
export const TIMES_THE_BEST = 2.2;

/** Measures the same echo call by each of the peers. */
export function runCalls(session: Session): Promise<CallsResult> {
  const { rounds, warmUp, inFlight } = session.plan.calls;
  const options = {
    title: 'calls',
    subjects: subjectsOf(session.peers),
    warmUp: async (subject: Subject) => {
      await subject.measure({ inFlight: 1, seconds: warmUp / 2 });
      await subject.measure({ inFlight, seconds: warmUp / 2 });
    },
    rounds,
    steps: [measureLatency, measureLoad].map((step) => (it: Subject) => step(it, session.plan.calls)),
    headline: (it: CallsRound) => `p50 ${it.p50Ms.toFixed(2)} ms; ${callRate(it)}`,
  };
  return measureRounds(session, options, async (figures, subjects) => {
    const peers: CallsResult['peers'] = {};
    const toOthers: CallsResult['ratios'] = {};
    for (const name of session.peers) {
      peers[name] = { summary: spreads(figures[name]), memory: await subjects[name].memory() };
      if (name !== 'oslo') toOthers[name] = ratios(figures.oslo, figures[name]);
    }
    const rate = (name: PeerName) => peers[name]?.summary.callsPerSecond.median ?? 0;
    const [best = null] = RIVALS.filter((name) => peers[name]).toSorted((a, b) => rate(b) - rate(a));
    return { inFlight, peers, ratios: toOthers, best };
  });
}

export async function measureLatency(subject: Subject, { sequential }: Plan['calls']) {
  const { p50Ms, p99Ms } = await subject.measure({ inFlight: 1, seconds: sequential });
  return { p50Ms, p99Ms };
}

async function measureLoad(subject: Subject, { inFlight, loaded }: Plan['calls']): Promise<Partial<CallsRound>> {
  const { p99Ms, ...many } = await subject.measure({ inFlight, seconds: loaded });
  return {
    callsPerSecond: many.callsPerSecond,
    loadedP99Ms: p99Ms,
    clientCpuMicros: many.clientCpuMicrosPerCall,
    serverCpuMicros: many.serverCpuMicrosPerCall,
    brokerCpuMicros: many.brokerCpuMicrosPerCall,
  };
}

interface MeasuredPeer extends Spreads<CallsRound> {
  name: PeerName;
  title: string;
  /** CPU of client and server for a call. */
  both: number;
  broker: number;
  memory: PeerCalls['memory'];
}

export function callsDocuments(result: CallsResult, { machine, date }: Stamp): Record<string, Block[]> {
  const { cpu, cores, node, broker } = machine;
  const place = `${cores} cores of ${cpu}, Node.js ${node.replace(/^v/, '')}, ${broker}`;
  const line = `${place}; client, server and broker on this one machine; ${date.slice(0, 10)}.`;
  const measured = PEER_NAMES.flatMap((name): MeasuredPeer[] => {
    const peer = result.peers[name];
    if (!peer) return [];
    const { summary, memory } = peer;
    const both = summary.clientCpuMicros.median + summary.serverCpuMicros.median;
    return [{ ...summary, name, title: PEERS[name].title, both, broker: summary.brokerCpuMicros.median, memory }];
  });
  const limits = [limitsTable(measured, cores), ...bestTable(measured, result.best, cores)];
  return { calls: [callsTable(measured, result), line], limit: limits };
}

function callsTable(measured: readonly MeasuredPeer[], { inFlight, ratios }: CallsResult): Table {
  const medians = (digits: number, ...figures: { median: number }[]) =>
    figures.map(({ median }) => text(median, digits)).join(' / ');
  return tableOf(measured, {
    '': ({ title }) => title,
    'p50 / p99, one at a time': ({ p50Ms, p99Ms }) => `${medians(2, p50Ms, p99Ms)} ms`,
    [`calls/s, ${inFlight} in flight`]: ({ callsPerSecond }) => figure(callsPerSecond, 'thousands'),
    'CPU a call, µs: client / server / broker': (it) =>
      medians(0, it.clientCpuMicros, it.serverCpuMicros, it.brokerCpuMicros),
    'resident MB: client / server': ({ memory: { client, server } }) =>
      [client, server].map(({ rssBytes }) => text(rssBytes / 1e6, 0)).join(' / '),
    'calls/s, this library ÷ it': ({ name }) => (name === 'oslo' ? '' : figure(ratios[name]?.callsPerSecond, 2)),
  });
}

/** Returns the highest rate of one machine with each peer. */
function limitsTable(measured: readonly MeasuredPeer[], cores: number): Table {
  const atMost = (micros: number) => text((cores * 1e6) / micros, 'thousands');
  return tableOf(measured, {
    '': ({ title }) => title,
    'broker, µs of CPU a call': ({ broker }) => text(broker, 0),
    'client and server, µs': ({ both }) => text(both, 0),
    "the broker's share": ({ broker, both }) => `${text((100 * broker) / (broker + both), 0)} %`,
    'calls/s if all cores were always busy': ({ broker, both }) => atMost(broker + both),
    '… and client and server cost nothing': ({ broker }) => atMost(broker),
    'calls/s, measured': ({ callsPerSecond }) => text(callsPerSecond.median, 'thousands'),
  });
}

/** Returns the demands on one machine of the goal beside the best of the peers. */
function bestTable(measured: readonly MeasuredPeer[], best: PeerName | null, cores: number): Table[] {
  const rival = measured.find(({ name }) => name === best);
  const own = measured.find(({ name }) => name === 'oslo');
  const [leanest] = measured.toSorted((a, b) => a.both - b.both);
  const [leanestAtBroker] = measured.toSorted((a, b) => a.broker - b.broker);
  if (!rival || !own || !leanest || !leanestAtBroker) return [];
  const asked = TIMES_THE_BEST * rival.callsPerSecond.median;
  const allowed = (cores * 1e6) / asked;
  const rows = [
    ['calls/s', text(asked, 'thousands')],
    [`µs of CPU that ${cores} cores, always busy, have for each call`, text(allowed, 0)],
    [`left by the broker, as it works for ${own.title}`, text(allowed - own.broker, 0)],
    [`left where it works least: ${leanestAtBroker.title}`, text(allowed - leanestAtBroker.broker, 0)],
    [`client and server take of ${own.title}`, text(own.both, 0)],
    [`client and server of the leanest: ${leanest.title}`, text(leanest.both, 0)],
  ];
  return [{ head: [`${TIMES_THE_BEST} × the best of the peers (${rival.title})`, ''], rows }];
}
