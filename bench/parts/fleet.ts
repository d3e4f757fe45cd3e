import { Fleet, type FleetPeer } from '../fleet/fleet.js';
import { forecast, slopeOf } from '../fleet/forecast.js';
import type { StormFigures } from '../fleet/storm.js';
import type { Session } from '../running/session.js';
import { mapValues } from '../statistics.js';
import { type Block, text } from '../table.js';
import type { Goals } from './goal.js';

type Step = Awaited<ReturnType<Fleet['measure']>> & { services: number; processes: number };
type Storms = Record<'restart' | 'drop', StormFigures>;

export interface FleetOfPeer {
  /** From none on, one service in a process. */
  steps: Step[];
  /** With the last of the steps. */
  storms: Storms;
  /** More services than processes fit on a machine, several in each. */
  dense: Step & { storms: Storms };
}

export type FleetResult = { peers: Partial<Record<FleetPeer, FleetOfPeer>> };

const PEERS: readonly FleetPeer[] = ['oslo', 'oslo-python'];

/** Measures many services of one topic on a broker: objects, memory, and the storm after the connections are lost. */
export async function run(session: Session): Promise<FleetResult> {
  const peers: FleetResult['peers'] = {};
  for (const peer of PEERS.filter((name) => session.peers.includes(name))) peers[peer] = await fleetOf(session, peer);
  return { peers };
}

async function fleetOf(session: Session, peer: FleetPeer): Promise<FleetOfPeer> {
  const { processes, services, servicesPerProcess, idleSeconds } = session.plan.fleet;
  const { steps, storms } = await withFleet(peer, 1, async (fleet) => {
    const found: Step[] = [];
    for (const count of [0, ...processes]) found.push(await stepOf(session, fleet, peer, count, idleSeconds));
    return { steps: found, storms: await stormsOf(session, fleet, peer) };
  });
  const dense = await withFleet(peer, servicesPerProcess, async (fleet) => {
    const step = await stepOf(session, fleet, peer, services, idleSeconds);
    return { ...step, storms: await stormsOf(session, fleet, peer) };
  });
  return { steps, storms, dense };
}

async function withFleet<T>(peer: FleetPeer, perProcess: number, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const fleet = await Fleet.start(peer, perProcess);
  try {
    return await work(fleet);
  } finally {
    await fleet.stop();
  }
}

async function stepOf({ say }: Session, fleet: Fleet, peer: string, services: number, idle: number): Promise<Step> {
  await fleet.grow(services);
  const measured = await fleet.measure(idle);
  const { connections, channels, queues, rssBytes } = measured;
  const broker = `${connections} connections, ${channels} channels, ${queues} queues, ${Math.round(rssBytes / 1e6)} MB`;
  say(`fleet       ${peer}: ${services} services in ${fleet.processes} processes: ${broker}`);
  return { ...measured, services, processes: fleet.processes };
}

async function stormsOf({ say }: Session, fleet: Fleet, peer: string): Promise<Storms> {
  const storms: Partial<Storms> = {};
  for (const cause of ['drop', 'restart'] as const) {
    const storm = await fleet.storm(cause);
    storms[cause] = storm;
    say(`storm       ${peer}: ${fleet.services} services, ${cause}: ${JSON.stringify(mapValues(storm, Math.round))}`);
  }
  return storms as Storms;
}

const TITLES: Record<FleetPeer, string> = { oslo: 'this library', 'oslo-python': 'oslo.messaging (Python)' };
const CAUSES = { restart: 'the broker restarts', drop: 'all connections are cut' };
/** Fleets of the forecast, beside the measured ones. */
const FORECAST = [200, 1000];

/** Returns the cost of one more service. Each is a process of its own. */
function costOf({ steps }: FleetOfPeer, figure: keyof Step): number {
  return slopeOf(steps.map((step) => ({ x: step.services, y: step[figure] })));
}

export function goals({ peers }: FleetResult): Goals {
  const { oslo } = peers;
  const { restart, drop } = oslo?.dense.storms ?? {};
  const python = peers['oslo-python']?.dense.storms.restart;
  return {
    fleet: [
      ['connections of one more service', 'at most', 2, oslo && Math.round(costOf(oslo, 'connections'))],
      ['services that are away 60 s after a restart of the broker', 'at most', 0, restart?.failed],
      ['services that are away 60 s after a cut', 'at most', 0, drop?.failed],
      ['all services serve again after a restart of the broker, ms', 'at most', 5000, restart?.servingAllMs],
      ['the same ÷ Python', 'at most', 1, restart && python && restart.servingAllMs / python.servingAllMs],
    ],
  };
}

export function documents({ peers }: FleetResult): Record<string, Block[]> {
  const found = PEERS.flatMap((name) => {
    const fleet = peers[name];
    return fleet ? [{ name, fleet }] : [];
  });
  const titles = found.map(({ name }) => TITLES[name]);
  const row = (title: string, read: (fleet: FleetOfPeer, name: FleetPeer) => string) => [
    title,
    ...found.map(({ fleet, name }) => read(fleet, name)),
  ];
  const seconds = (ms: number) => text(ms / 1000, 1);
  const cost = (title: string, figure: keyof Step, digits: number, scale = 1) =>
    row(title, (it) => text(costOf(it, figure) * scale, digits));
  const perService = [
    cost('connections', 'connections', 1),
    cost('channels', 'channels', 1),
    cost('queues', 'queues', 1),
    cost('consumers', 'consumers', 1),
    cost('Erlang processes', 'erlangProcesses', 0),
    cost('file descriptors', 'files', 1),
    cost('resident kB of the broker', 'rssBytes', 0, 1 / 1000),
    cost('CPU of the broker while nothing is called, ms/s', 'idleCores', 2, 1000),
    row('resident MB of the process itself', (it) => text((it.steps.at(-1)?.processBytes ?? Number.NaN) / 1e6, 0)),
  ];
  const whole = [
    row('connections / channels / queues', ({ dense: it }) => `${it.connections} / ${it.channels} / ${it.queues}`),
    row('resident MB of the broker', ({ dense: it }) => text(it.rssBytes / 1e6, 0)),
    row('cores of the broker while nothing is called', ({ dense: it }) => text(it.idleCores, 2)),
  ];
  const storms = (['restart', 'drop'] as const).flatMap((cause) => [
    row(`**${CAUSES[cause]}**: half / 90 % / all serve again, s`, ({ dense: { storms: all } }) => {
      const { servingHalfMs, servingNinetyMs, servingAllMs } = all[cause];
      return `${seconds(servingHalfMs)} / ${seconds(servingNinetyMs)} / ${seconds(servingAllMs)}`;
    }),
    row('most logins within 100 ms', ({ dense: it }) => text(it.storms[cause].busiestLogins, 0)),
    row('logins that were given up and repeated', ({ dense: it }) => text(it.storms[cause].wastedLogins, 0)),
    row("connections beyond the listener's backlog", ({ dense: it }) => text(it.storms[cause].overflows, 0)),
    row('services that did not return within 60 s', ({ dense: it }) => text(it.storms[cause].failed, 0)),
    row('CPU of the broker for one service, ms', ({ dense: it }) => text(it.storms[cause].brokerMillisPerService, 0)),
  ]);
  const forecasts = (['restart', 'drop'] as const).flatMap((cause) =>
    FORECAST.map((services) =>
      row(`${services} services, ${CAUSES[cause]}: half / all, s`, (fleet, peer) => {
        const costs = costsOf(fleet, peer, cause);
        const { halfServing, allServing } = forecast(costs, services);
        return `${seconds(halfServing)} / ${seconds(allServing)}`;
      }),
    ),
  );
  const splay = { services: 1000, seconds: 20 };
  forecasts.push(
    row(`${splay.services} services, ${CAUSES.drop}, \`kombuReconnectSplay\` of ${splay.seconds} s`, (fleet, peer) => {
      if (peer !== 'oslo') return 'no such delay';
      const { halfServing, allServing } = forecast(costsOf(fleet, peer, 'drop'), splay.services, splay.seconds * 1000);
      return `${seconds(halfServing)} / ${seconds(allServing)}`;
    }),
  );
  const [first] = found;
  const dense = first?.fleet.dense;
  return {
    fleet: [{ head: ['one more service takes', ...titles], rows: perService }],
    'fleet-dense': [{ head: [`${dense?.services} services`, ...titles], rows: whole }],
    'fleet-storm': [{ head: [`${dense?.services} services`, ...titles], rows: storms }],
    'fleet-forecast': [{ head: ['simulated', ...titles], rows: forecasts }],
  };
}

/** Returns what a storm has cost the broker, as measured with the most services, and how many cores it has used for it. */
function costsOf(fleet: FleetOfPeer, peer: FleetPeer, cause: 'restart' | 'drop') {
  const { services, storms } = fleet.dense;
  const { brokerMillisPerService, servingAllMs, outageMs } = storms[cause];
  const connectionsPerService = Math.max(1, Math.round(costOf(fleet, 'connections')));
  const cores = (brokerMillisPerService * services) / servingAllMs;
  // Where no attempt waits for a broker, the broker works from the first login to the last declaration.
  const loginPart = storms.drop.loginLastMs / storms.drop.servingAllMs;
  return { peer, connectionsPerService, brokerMillisPerService, loginPart, outage: outageMs, cores };
}
