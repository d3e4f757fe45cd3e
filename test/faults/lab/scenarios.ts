import { setTimeout as sleep } from 'node:timers/promises';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import type { Direction, TcpProxy } from '../../support/tcp-proxy.js';
import type { Lab } from './lab.js';
import type { Random } from './random.js';
import { HEARTBEAT, type Service } from './service.js';

/** Fault for services under load. Its end is the end of the fault. */
export interface Scenario {
  readonly name: string;
  /** Seconds within which every client is served again. @default 5 */
  readonly recovery?: number;
  /** Resolves with the name of what it hit, where it has one. */
  run(lab: Lab, random: Random): Promise<unknown>;
}

/** A dead connection is found within three heartbeats; then it is made again. */
const DETECTION = 3 * HEARTBEAT + 5;
/** Seconds within which attempts from the time of an outage fail by their own timeouts. */
const RETRIAL = 15;

/** Faults of a broker's only node. */
export function nodeScenarios(node: RabbitNode): Scenario[] {
  return [
    {
      name: 'kill -9 of the broker',
      async run() {
        await node.kill();
        await node.restart();
      },
    },
    { name: 'orderly restart of the broker', run: () => node.restart() },
    {
      name: 'the broker closes all connections',
      run: async () => {
        await node.rabbitmqctl('close_all_connections', 'by the fault lab');
      },
    },
    {
      name: 'memory alarm',
      async run(_lab, random) {
        await node.alarm(true);
        try {
          await sleep(random.between(2000, 10_000));
        } finally {
          await node.alarm(false);
        }
      },
    },
    {
      name: 'reply and fanout queues deleted',
      async run() {
        const queues = (await node.rabbitmqctl('list_queues', 'name')).split('\n');
        const transient = queues.filter((name) => /^reply_|_fanout_/.test(name));
        await Promise.all(transient.map((name) => node.rabbitmqctl('delete_queue', name).catch(() => undefined)));
      },
    },
  ];
}

/** Faults of the processes. */
export const processScenarios: readonly Scenario[] = [
  {
    name: 'SIGKILL of a server',
    async run(lab, random) {
      await random.pick(lab.services).killServer();
    },
  },
  {
    name: 'SIGKILL of a client',
    run: (lab, random) => random.pick(lab.services).killClient(),
  },
  {
    name: 'SIGTERM of a server',
    run: (lab, random) => shutDown(lab, random.pick(lab.services)),
  },
  {
    name: 'a process stands still for 3.5 heartbeats',
    async run(lab, random) {
      const { servers, clients } = random.pick(lab.services);
      const [worker] = random.pick([servers, clients]);
      worker?.pause();
      await sleep(3500 * HEARTBEAT);
      worker?.resume();
    },
    recovery: RETRIAL,
  },
];

/** Faults of the network, by the services' proxies. */
export const networkScenarios: readonly Scenario[] = [
  ofProxies('reset', (proxy) => proxy.cut(), [0, 0]),
  ofProxies('a reset every two seconds', (proxy) => proxy.cutEvery(2000), [4000, 9000]),
  ofProxies('500 ± 300 ms late', (proxy) => proxy.delay(500, 300), [3000, 9000]),
  ofProxies('slices of one byte', (proxy) => proxy.slice(1), [3000, 6000]),
  ofProxies(
    'late, then reset',
    (proxy) => proxy.delay(200, 100),
    [1000, 2000],
    (proxy) => proxy.cut(),
  ),
  ofProxies('half-open', (proxy) => proxy.halfOpen(), [0, 0], undefined, DETECTION),
  ofProxies('zero bandwidth', (proxy) => proxy.stall(), [1000, 20_000], undefined, RETRIAL),
  ...(['toServer', 'toClient'] as const).map((direction: Direction) =>
    ofProxies(`zero bandwidth ${direction}`, (proxy) => proxy.stall(direction), [1000, 20_000], undefined, RETRIAL),
  ),
  ofProxies(
    'connections refused',
    async (proxy) => {
      await proxy.refuse();
      proxy.cut();
    },
    [1000, 6000],
  ),
];

/** Asks a server to end, and says when that took longer than its grace. */
export async function shutDown(lab: Lab, service: Service): Promise<void> {
  const took = await service.terminateServer();
  if (took > service.grace) lab.problems.push(`${service.name}: a server took ${took} ms to end`);
}

function ofProxies(
  name: string,
  begin: (proxy: TcpProxy) => void | Promise<void>,
  [shortest, longest]: readonly [number, number],
  end: (proxy: TcpProxy) => void = () => undefined,
  recovery = 5,
): Scenario {
  return {
    name,
    recovery,
    async run(lab, random) {
      const all = lab.services.flatMap(({ proxies }) => proxies);
      // All that a service has, or all of one side.
      const hit = random.next() < 0.5 ? all : [random.pick(all)];
      for (const proxy of hit) await begin(proxy);
      await sleep(random.between(shortest, longest));
      for (const proxy of hit) {
        end(proxy);
        await proxy.heal();
      }
    },
  };
}
