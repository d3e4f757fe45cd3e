import type { Stamp } from '../machine.js';
import { PEER_NAMES, PEERS, type PeerName, RIVALS } from '../peers/peer.js';
import { type CallsRound, callSteps, inRounds, warmUpOf } from '../rounds.js';
import { type Session, settingsOf, withSubjects } from '../running/session.js';
import { medians, ratios } from '../statistics.js';
import { type Block, type Table, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

/** Medians of the rounds, and memory after the last one. */
interface PeerCalls extends CallsRound {
  clientRssBytes: number;
  serverRssBytes: number;
}

export interface CallsResult {
  inFlight: number;
  peers: Partial<Record<PeerName, PeerCalls>>;
  /** This library to each of the others. */
  ratios: Partial<Record<PeerName, CallsRound>>;
  /** The product in use today that answered most calls in a second. */
  best: PeerName | null;
}

/** Factor by which this library is to exceed the best of the rivals. */
const TIMES_THE_BEST = 2.2;

/** Measures the same echo call by each of the peers. */
export function run(session: Session): Promise<CallsResult> {
  const { calls } = session.plan;
  return withSubjects(session, settingsOf(session.peers), warmUpOf(calls), async (subjects) => {
    const figures = await inRounds(session, {
      title: 'calls',
      subjects,
      rounds: calls.rounds,
      steps: callSteps(calls),
    });
    const result: CallsResult = { inFlight: calls.inFlight, peers: {}, ratios: {}, best: null };
    for (const name of session.peers) {
      const { rssBytes: clientRssBytes } = await subjects[name].client.ask('memory');
      const { rssBytes: serverRssBytes } = await subjects[name].server.ask('memory');
      result.peers[name] = { ...medians(figures[name]), clientRssBytes, serverRssBytes };
      if (name !== 'oslo') result.ratios[name] = ratios(figures.oslo, figures[name]);
    }
    const rate = (name: PeerName) => result.peers[name]?.callsPerSecond ?? 0;
    const [best = null] = RIVALS.filter((name) => result.peers[name]).toSorted((a, b) => rate(b) - rate(a));
    return { ...result, best };
  });
}

export function goals({ ratios, best }: CallsResult): Goals {
  const { floor } = ratios;
  const toBest = best ? ratios[best] : undefined;
  return {
    calls: [
      ['calls/s ÷ floor', 'at least', 1.2, floor?.callsPerSecond],
      ['calls/s ÷ bare amqplib without guarantees', 'at least', 1, ratios['floor-weak']?.callsPerSecond],
      ['calls/s ÷ the best of the peers', 'at least', TIMES_THE_BEST, toBest?.callsPerSecond],
      ['p50 ÷ floor, one at a time', 'at most', 1, floor?.p50Ms],
      ['p99 ÷ floor, one at a time', 'at most', 1, floor?.p99Ms],
      ['p99 ÷ floor, 100 in flight', 'at most', 1, floor?.loadedP99Ms],
      ['client CPU of a call ÷ floor', 'at most', 1.3, floor?.clientCpuMicros],
      ['server CPU of a call ÷ floor', 'at most', 1.3, floor?.serverCpuMicros],
    ],
  };
}

type MeasuredPeer = PeerCalls & { name: PeerName; title: string };

/** CPU of client and server for a call. */
const bothCpu = ({ clientCpuMicros, serverCpuMicros }: MeasuredPeer) => clientCpuMicros + serverCpuMicros;

export function documents(result: CallsResult, { machine, date }: Stamp): Record<string, Block[]> {
  const { cpu, cores, node, broker } = machine;
  const place = `${cores} cores of ${cpu}, Node.js ${node.replace(/^v/, '')}, ${broker}`;
  const line = `${place}; client, server and broker on this one machine; ${date.slice(0, 10)}.`;
  const measured = PEER_NAMES.flatMap((name): MeasuredPeer[] => {
    const peer = result.peers[name];
    return peer ? [{ ...peer, name, title: PEERS[name].title }] : [];
  });
  const limits = [limitsTable(measured, cores), ...bestTable(measured, result.best, cores)];
  return { calls: [callsTable(measured, result), line], limit: limits };
}

function callsTable(measured: MeasuredPeer[], { inFlight, ratios }: CallsResult): Table {
  const all = (digits: number, ...figures: number[]) => figures.map((value) => text(value, digits)).join(' / ');
  return tableOf(measured, {
    '': ({ title }) => title,
    'p50 / p99, one at a time': ({ p50Ms, p99Ms }) => `${all(2, p50Ms, p99Ms)} ms`,
    [`calls/s, ${inFlight} in flight`]: ({ callsPerSecond }) => text(callsPerSecond, 'thousands'),
    'CPU a call, µs: client / server / broker': (it) =>
      all(0, it.clientCpuMicros, it.serverCpuMicros, it.brokerCpuMicros),
    'resident MB: client / server': (it) => all(0, it.clientRssBytes / 1e6, it.serverRssBytes / 1e6),
    'calls/s, this library ÷ it': ({ name }) => (name === 'oslo' ? '' : text(ratios[name]?.callsPerSecond, 2)),
  });
}

/** Returns the highest rate of one machine with each peer. */
function limitsTable(measured: MeasuredPeer[], cores: number): Table {
  const atMost = (micros: number) => text((cores * 1e6) / micros, 'thousands');
  return tableOf(measured, {
    '': ({ title }) => title,
    'broker, µs of CPU a call': (it) => text(it.brokerCpuMicros, 0),
    'client and server, µs': (it) => text(bothCpu(it), 0),
    "the broker's share": (it) => `${text((100 * it.brokerCpuMicros) / (it.brokerCpuMicros + bothCpu(it)), 0)} %`,
    'calls/s if all cores were always busy': (it) => atMost(it.brokerCpuMicros + bothCpu(it)),
    '… and client and server cost nothing': (it) => atMost(it.brokerCpuMicros),
    'calls/s, measured': ({ callsPerSecond }) => text(callsPerSecond, 'thousands'),
  });
}

/** Returns the CPU that the goal against the best peer allows on one machine, and the CPU that is needed. */
function bestTable(measured: MeasuredPeer[], best: PeerName | null, cores: number): Table[] {
  const rival = measured.find(({ name }) => name === best);
  const own = measured.find(({ name }) => name === 'oslo');
  const [leanest] = measured.toSorted((a, b) => bothCpu(a) - bothCpu(b));
  const [leanestAtBroker] = measured.toSorted((a, b) => a.brokerCpuMicros - b.brokerCpuMicros);
  if (!rival || !own || !leanest || !leanestAtBroker) return [];
  const asked = TIMES_THE_BEST * rival.callsPerSecond;
  const allowed = (cores * 1e6) / asked;
  const rows = [
    ['calls/s', text(asked, 'thousands')],
    [`µs of CPU available for each call on ${cores} busy cores`, text(allowed, 0)],
    [`left by the broker under ${own.title}`, text(allowed - own.brokerCpuMicros, 0)],
    [
      `left by the broker under the peer that uses it least: ${leanestAtBroker.title}`,
      text(allowed - leanestAtBroker.brokerCpuMicros, 0),
    ],
    [`client and server of ${own.title}`, text(bothCpu(own), 0)],
    [`client and server of the peer that uses least: ${leanest.title}`, text(bothCpu(leanest), 0)],
  ];
  return [{ head: [`${TIMES_THE_BEST} × the best of the peers (${rival.title})`, ''], rows }];
}
