import { withChannel } from '../../testkit/amqp.js';
import { PYTHON } from '../../testkit/prerequisites.js';
import { PEERS, type PeerName, type SubjectName } from '../peers/peer.js';
import { CONCURRENCY, TIMEOUT_MS, type Work } from '../peers/pressed.js';
import type { Pressed, Second } from '../running/pressure.js';
import type { Session } from '../running/session.js';
import { WorkerProcess } from '../running/worker-process.js';
import { median, sum } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

/** Calls that arrive for each one that the handlers can finish. */
const TIMES = 4;
const CLIENTS = 2;
/** Keeps all slots busy while the capacity is measured. */
const IN_FLIGHT = 2 * CONCURRENCY;

interface Setting {
  peer: PeerName;
  subject: SubjectName;
  title: string;
  work: Work;
}

const SETTINGS = {
  oslo: { peer: 'oslo', subject: 'pressed-oslo', title: 'this library, `loadShedding`', work: { waitMs: 40 } },
  'oslo-plain': { peer: 'oslo', subject: 'pressed-plain', title: 'this library, as by default', work: { waitMs: 40 } },
  'oslo-computing': {
    peer: 'oslo',
    subject: 'pressed-oslo',
    title: 'this library, `loadShedding`, computing',
    work: { computeMs: 5 },
  },
  'oslo-python': {
    peer: 'oslo-python',
    subject: 'pressed-oslo',
    title: 'oslo.messaging (Python)',
    work: { waitMs: 40 },
  },
  'nest-rmq': { peer: 'nest-rmq', subject: 'pressed-nest', title: "Nest's RMQ", work: { waitMs: 40 } },
} as const satisfies Record<string, Setting>;

type Name = keyof typeof SETTINGS;

/** Sizes once a second. */
interface Sizes {
  rssBytes: number;
  queued: number;
  /** Memory after a garbage collection, which costs too much to look each time. Python tells only its resident memory. */
  inUseBytes?: number;
}

/** Parts of the time after which the memory in use is looked at. */
const LOOKS_AT = [0.3, 0.9];

export interface OverloadFigures {
  /** Calls per second without overload, all slots busy. */
  capacity: number;
  /** Part of the capacity that was answered in time, over the whole time. */
  goodput: number;
  /** The same in each second. */
  row: number[];
  /** Parts of all calls. */
  refused: number;
  failed: number;
  /** Handlers that ran for a caller that had given up, to all handlers that ran. */
  wasted: number;
  servedP50Ms: number;
  servedP99Ms: number;
  refusedP50Ms: number | null;
  refusedP99Ms: number | null;
  /**
   * Memory in use of the server near the end of the time, to that after a third of it. The resident memory also grows with V8's
   * young generation, as the memory of the machine allows it.
   */
  serverGrowth: number;
  serverRssBytes: number;
  /** Most messages in the queue. */
  queued: number;
}

export interface OverloadResult {
  seconds: number;
  times: number;
  timeoutMs: number;
  peers: Partial<Record<Name, OverloadFigures>>;
}

/** Calls each server four times as often as its handlers can finish. */
export async function run(session: Session): Promise<OverloadResult> {
  const { seconds } = session.plan.overload;
  const result: OverloadResult = { seconds, times: TIMES, timeoutMs: TIMEOUT_MS, peers: {} };
  for (const [name, setting] of Object.entries(SETTINGS) as [Name, Setting][]) {
    if (!session.peers.includes(setting.peer)) continue;
    const figures = await press(session, name, setting);
    result.peers[name] = figures;
    const line = Object.entries(figures).filter(([, value]) => typeof value === 'number');
    session.say(
      `overload    ${name}  ${line.map(([it, value]) => `${it} ${Number(value).toPrecision(3)}`).join('  ')}`,
    );
  }
  return result;
}

async function press(
  { broker, plan }: Session,
  name: Name,
  { peer, subject, work }: Setting,
): Promise<OverloadFigures> {
  const place = { url: broker.url, topic: `bench-overload-${name}`, host: 'host0' };
  const server = new WorkerProcess(`${name} server`, peer === 'oslo-python' ? PYTHON : undefined);
  const clients = Array.from({ length: CLIENTS }, (_, index) => new WorkerProcess(`${name} client ${index}`));
  const all = <T>(ask: (client: WorkerProcess) => Promise<T>) => Promise.all(clients.map(ask));
  try {
    await server.ask('serve', subject, place);
    await all((client) => client.ask('connect', subject, place));
    const { seconds, capacitySeconds } = plan.overload;
    const load = { inFlight: IN_FLIGHT / CLIENTS, seconds: capacitySeconds };
    await all((client) => client.ask('load', load, { ...work }));
    const unpressed = await all((client) => client.ask('load', load, { ...work }));
    const capacity = sum(unpressed.map((it) => it.answered / it.seconds));
    const before = await server.ask('served');
    const pressure = { ratePerSecond: (TIMES * capacity) / CLIENTS, seconds, timeoutMs: TIMEOUT_MS };
    const watch = watchSizes(server, place, seconds);
    const pressed = await all((client) => client.ask('press', pressure, { ...work }));
    const sizes = await watch.stop();
    const ran = (await server.ask('served')) - before;
    return figuresOf(pressed, { capacity, seconds, sizes, ran });
  } finally {
    await Promise.all([server, ...clients].map((worker) => worker.kill()));
  }
}

/** Looks at the server's memory and queue each second. */
function watchSizes(server: WorkerProcess, { url, topic }: { url: string; topic: string }, seconds: number) {
  const sizes: Sizes[] = [];
  const looks = LOOKS_AT.map((part) => Math.floor(part * seconds));
  let stopped: () => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  let isRunning = true;
  const looking = withChannel(url, async (channel) => {
    while (isRunning) {
      const [rssBytes, { messageCount: queued }] = await Promise.all([server.ask('rss'), channel.checkQueue(topic)]);
      const inUse = looks.includes(sizes.length) && (await server.ask('memory'));
      sizes.push({ rssBytes, queued, ...(inUse && { inUseBytes: inUse.heapBytes ?? inUse.rssBytes }) });
      const next = new Promise<void>((resolve) => setTimeout(resolve, 1000));
      await Promise.race([next, end]);
    }
  });
  return {
    async stop(): Promise<Sizes[]> {
      isRunning = false;
      stopped();
      await looking;
      return sizes;
    },
  };
}

interface Measured {
  capacity: number;
  seconds: number;
  sizes: readonly Sizes[];
  /** Handlers that ran. */
  ran: number;
}

export function figuresOf(pressed: readonly Pressed[], { capacity, seconds, sizes, ran }: Measured): OverloadFigures {
  const row = Array.from({ length: Math.floor(seconds) }, (_, second) => {
    return sum(pressed.map((it) => it.row[second]?.inTime ?? 0)) / capacity;
  });
  const calls = sum(pressed.map((it) => it.calls));
  const outcomes = (outcome: keyof Second) => sum(pressed.flatMap((it) => it.row.map((second) => second[outcome])));
  const inTime = outcomes('inTime');
  const mostOf = (figure: 'servedP50Ms' | 'servedP99Ms' | 'refusedP50Ms' | 'refusedP99Ms') =>
    Math.max(...pressed.map((it) => it[figure]));
  const fifth = Math.max(1, Math.floor(sizes.length / 5));
  const inUse = sizes.flatMap(({ inUseBytes = [] }) => inUseBytes);
  const isRefusing = outcomes('refused') > 0;
  return {
    capacity,
    goodput: sum(row) / row.length,
    row,
    refused: outcomes('refused') / calls,
    failed: outcomes('failed') / calls,
    wasted: ran > 0 ? Math.max(0, ran - inTime) / ran : 0,
    servedP50Ms: mostOf('servedP50Ms'),
    servedP99Ms: mostOf('servedP99Ms'),
    refusedP50Ms: isRefusing ? mostOf('refusedP50Ms') : null,
    refusedP99Ms: isRefusing ? mostOf('refusedP99Ms') : null,
    serverGrowth: (inUse.at(-1) ?? Number.NaN) / (inUse[0] ?? Number.NaN),
    serverRssBytes: median(sizes.slice(-fifth).map(({ rssBytes }) => rssBytes)),
    queued: Math.max(...sizes.map(({ queued }) => queued)),
  };
}

export function goals({ peers: { oslo, 'oslo-computing': computing }, timeoutMs }: OverloadResult): Goals {
  const inTimeouts = (milliseconds: number | null | undefined) => milliseconds && milliseconds / timeoutMs;
  return {
    overload: [
      ['answered in time ÷ capacity, overload', 'at least', 0.95, oslo?.goodput],
      ['answered in time ÷ capacity, overload of computing handlers', 'at least', 0.95, computing?.goodput],
      ['p99 of the answered ÷ timeout, overload', 'at most', 1, inTimeouts(oslo?.servedP99Ms)],
      ['p50 of the refused ÷ timeout, overload', 'at most', 0.5, inTimeouts(oslo?.refusedP50Ms)],
      ['calls without an answer ÷ calls, overload', 'at most', 0.05, oslo?.failed],
      ["growth of the server's memory, overload", 'at most', 1.1, oslo?.serverGrowth],
    ],
  };
}

export function documents({ peers, seconds, times, timeoutMs }: OverloadResult): Record<string, Block[]> {
  const rows = (Object.entries(peers) as [Name, OverloadFigures][]).map(([name, figures]) => ({ name, ...figures }));
  const percent = (part: number) => `${text(100 * part, 0)} %`;
  const table = tableOf(rows, {
    [`${times} × overload, ${seconds} s`]: ({ name }) => SETTINGS[name].title,
    'capacity, calls/s': ({ capacity }) => text(capacity, 'thousands'),
    'answered in time ÷ capacity': ({ goodput }) => percent(goodput),
    'handlers run in vain': ({ wasted }) => percent(wasted),
    'p50 / p99 of the answered': (it) => `${text(it.servedP50Ms, 0)} / ${text(it.servedP99Ms, 0)} ms`,
    'refused, after (p50)': (it) =>
      it.refused > 0 ? `${percent(it.refused)}, ${text(it.refusedP50Ms, 0)} ms` : 'none',
    'no answer within the timeout': ({ failed }) => percent(failed),
    'most in the queue': ({ queued }) => text(queued, 'thousands'),
    'server: resident MB (growth of the memory in use)': (it) =>
      `${text(it.serverRssBytes / 1e6, 0)} (${text(it.serverGrowth, 2)})`,
  });
  const line = `Handlers wait 40 ms in ${CONCURRENCY} slots, or compute for 5 ms; callers give up after ${timeoutMs / 1000} s.`;
  return { overload: [table, line] };
}

/** Titles and colours of the lines of the chart. */
export function overloadLines({ peers }: OverloadResult) {
  return (Object.entries(peers) as [Name, OverloadFigures][])
    .filter(([name]) => name !== 'oslo-computing' && name !== 'oslo-plain')
    .map(([name, { row }]) => ({ ...PEERS[SETTINGS[name].peer], row }));
}
