import type { Stamp } from '../machine.js';
import { PEER_NAMES, PEERS, type PeerName, RIVALS } from '../peers/peer.js';
import type { Plan } from '../plan.js';
import { callRate, inRounds, type Session } from '../rounds.js';
import type { Memory } from '../running/memory.js';
import { type Subject, withSubjects } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, type Table, text } from '../table.js';

/** Figures of one peer in one round. */
export interface CallsRound {
  /** With one call at a time. */
  p50Ms: number;
  p99Ms: number;
  /** This and the rest: with many calls in flight. CPU is that of one call. */
  callsPerSecond: number;
  loadedP50Ms: number;
  loadedP99Ms: number;
  clientCpuMicros: number;
  serverCpuMicros: number;
  brokerCpuMicros: number;
  /** Cores that the broker used. */
  brokerCores: number;
}

export interface PeerCalls {
  summary: Spreads<CallsRound>;
  /** Memory after the last round. */
  memory: { client: Memory; server: Memory };
  rounds: CallsRound[];
}

export interface CallsResult {
  rounds: number;
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
export async function runCalls(session: Session): Promise<CallsResult> {
  const { rounds, warmUp, inFlight } = session.plan.calls;
  const settings = Object.fromEntries(session.peers.map((peer) => [peer, { peer }]));
  return withSubjects<PeerName, CallsResult>(
    session,
    settings as Record<PeerName, { peer: PeerName }>,
    async (subjects) => {
      for (const [name, subject] of Object.entries(subjects)) {
        session.say(`warm-up     ${name}`);
        await subject.measure({ inFlight: 1, seconds: warmUp / 2 });
        await subject.measure({ inFlight, seconds: warmUp / 2 });
      }
      const steps = [measureLatency, measureLoad].map((step) => (it: Subject) => step(it, session.plan.calls));
      const figures = await inRounds<PeerName, Subject, CallsRound>(
        subjects,
        { title: 'calls', rounds, steps, headline: (it) => `p50 ${it.p50Ms.toFixed(2)} ms; ${callRate(it)}` },
        session.say,
      );
      const peers: CallsResult['peers'] = {};
      const ratiosToOslo: CallsResult['ratios'] = {};
      for (const name of session.peers) {
        peers[name] = { summary: spreads(figures[name]), memory: await subjects[name].memory(), rounds: figures[name] };
        if (name !== 'oslo' && figures.oslo) ratiosToOslo[name] = ratios(figures.oslo, figures[name]);
      }
      return { rounds, inFlight, peers, ratios: ratiosToOslo, best: bestOf(peers) };
    },
  );
}

export async function measureLatency(subject: Subject, { sequential }: Plan['calls']) {
  const { p50Ms, p99Ms } = await subject.measure({ inFlight: 1, seconds: sequential });
  return { p50Ms, p99Ms };
}

async function measureLoad(subject: Subject, { inFlight, loaded }: Plan['calls']): Promise<Partial<CallsRound>> {
  const many = await subject.measure({ inFlight, seconds: loaded });
  return {
    callsPerSecond: many.callsPerSecond,
    loadedP50Ms: many.p50Ms,
    loadedP99Ms: many.p99Ms,
    clientCpuMicros: many.clientCpuMicrosPerCall,
    serverCpuMicros: many.serverCpuMicrosPerCall,
    brokerCpuMicros: many.brokerCpuMicrosPerCall,
    brokerCores: (many.brokerCpuMicrosPerCall * many.callsPerSecond) / 1e6,
  };
}

function bestOf(peers: CallsResult['peers']): PeerName | null {
  const rate = (name: PeerName) => peers[name]?.summary.callsPerSecond.median ?? 0;
  const [best] = RIVALS.filter((name) => peers[name]).toSorted((a, b) => rate(b) - rate(a));
  return best ?? null;
}

export function callsDocuments(result: CallsResult, { machine, date }: Stamp): Record<string, Block[]> {
  const { cpu, cores, node, broker } = machine;
  const place = `${cores} cores of ${cpu}, Node.js ${node.replace(/^v/, '')}, ${broker}`;
  const line = `${place}; client, server and broker on this one machine; ${date.slice(0, 10)}.`;
  return { calls: [callsTable(result), line], limit: limitTables(result, cores) };
}

function callsTable({ peers, ratios, inFlight }: CallsResult): Table {
  const rows = PEER_NAMES.flatMap((name) => {
    const peer = peers[name];
    if (!peer) return [];
    const { p50Ms, p99Ms, callsPerSecond, clientCpuMicros, serverCpuMicros, brokerCpuMicros } = peer.summary;
    const cpu = [clientCpuMicros, serverCpuMicros, brokerCpuMicros];
    const resident = [peer.memory.client, peer.memory.server];
    return [
      [
        PEERS[name].title,
        `${text(p50Ms.median, 2)} / ${text(p99Ms.median, 2)} ms`,
        figure(callsPerSecond, 'thousands'),
        cpu.map(({ median }) => text(median, 0)).join(' / '),
        resident.map(({ rssBytes }) => text(rssBytes / 1e6, 0)).join(' / '),
        name === 'oslo' ? '' : figure(ratios[name]?.callsPerSecond, 2),
      ],
    ];
  });
  return {
    head: [
      '',
      'p50 / p99, one at a time',
      `calls/s, ${inFlight} in flight`,
      'CPU a call, µs: client / server / broker',
      'resident MB: client / server',
      'calls/s, this library ÷ it',
    ],
    rows,
  };
}

/** Returns what one machine can do at most, and what the goal beside the best of the peers asks of it. */
function limitTables({ peers, best }: CallsResult, cores: number): Table[] {
  const costs = PEER_NAMES.flatMap((name) => {
    const summary = peers[name]?.summary;
    if (!summary) return [];
    const both = summary.clientCpuMicros.median + summary.serverCpuMicros.median;
    const { median: callsPerSecond } = summary.callsPerSecond;
    return [{ name, title: PEERS[name].title, broker: summary.brokerCpuMicros.median, both, callsPerSecond }];
  });
  const atMost = (micros: number) => text((cores * 1e6) / micros, 'thousands');
  const limits: Table = {
    head: [
      '',
      'broker, µs of CPU a call',
      'client and server, µs',
      "the broker's share",
      'calls/s if all cores were always busy',
      '… and client and server cost nothing',
      'calls/s, measured',
    ],
    rows: costs.map(({ title, broker, both, callsPerSecond }) => [
      title,
      text(broker, 0),
      text(both, 0),
      `${text((100 * broker) / (broker + both), 0)} %`,
      atMost(broker + both),
      atMost(broker),
      text(callsPerSecond, 'thousands'),
    ]),
  };
  const rival = costs.find(({ name }) => name === best);
  const own = costs.find(({ name }) => name === 'oslo');
  const [leanest] = costs.toSorted((a, b) => a.both - b.both);
  const [leanestAtBroker] = costs.toSorted((a, b) => a.broker - b.broker);
  if (!rival || !own || !leanest || !leanestAtBroker) return [limits];
  const asked = TIMES_THE_BEST * rival.callsPerSecond;
  const allowed = (cores * 1e6) / asked;
  const goal: Table = {
    head: [`${TIMES_THE_BEST} × the best of the peers (${rival.title})`, ''],
    rows: [
      ['calls/s', text(asked, 'thousands')],
      [`µs of CPU that ${cores} cores, always busy, have for each call`, text(allowed, 0)],
      [`left by the broker, as it works for ${own.title}`, text(allowed - own.broker, 0)],
      [`left where it works least: ${leanestAtBroker.title}`, text(allowed - leanestAtBroker.broker, 0)],
      [`client and server take of ${own.title}`, text(own.both, 0)],
      [`client and server of the leanest: ${leanest.title}`, text(leanest.both, 0)],
    ],
  };
  return [limits, goal];
}
