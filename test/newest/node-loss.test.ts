import {
  getRpcServer,
  getRpcTransport,
  RPCClient,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Doctor, normalizeOptions, parseTransportUrl } from '../../lib/internal.js';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';

const TOPIC = 'held';
const RULE = 'consumer-disconnected-timeout';
/** Longest time in milliseconds that a request may wait: the rule's 2 s, and the election of a leader. */
const MAX_WAIT = 20_000;

describe('the node of a server that dies', () => {
  let cluster: RabbitCluster;
  let release: () => void = () => undefined;
  const transports: Transport[] = [];
  const servers: RPCServer[] = [];

  beforeAll(async () => {
    cluster = await RabbitCluster.start(3, { plugins: ['rabbitmq_management'] });
  });
  afterAll(() => cluster?.stop());
  afterEach(async () => {
    release();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const transport of transports.splice(0)) await transport.cleanup();
  });

  function connect({ url }: RabbitNode): Transport {
    const transport = getRpcTransport({
      transportUrl: url,
      rabbit: { profile: 'rabbitmq-4' },
      delivery: 'at-least-once',
      rpcResponseTimeout: 30,
      logger: silent,
    });
    transports.push(transport);
    return transport;
  }

  async function serve(node: RabbitNode, name: string, run: (n: number) => unknown): Promise<void> {
    const endpoint = { run: (_ctxt: unknown, { n }: { n: number }) => run(n) };
    const server = getRpcServer(connect(node), new Target({ topic: TOPIC, server: name }), [endpoint]);
    servers.push(server);
    await server.start();
  }

  /** Returns what `oslo-rpc doctor` reports of the queue. */
  async function doctor({ url: transportUrl, managementUrl }: RabbitNode): Promise<string> {
    const rabbit = { profile: 'rabbitmq-4', managementUrl } as const;
    const url = parseTransportUrl(transportUrl);
    const one = new Doctor(normalizeOptions({ transportUrl, rabbit, logger: silent }), url);
    const findings = await one.examine(new Target({ topic: TOPIC }));
    await one.close();
    return findings.map(({ kind, name, text }) => `${kind} ${name}: ${text}`).join('\n');
  }

  it('holds its requests for the time that doctor reports', async () => {
    const [victim, other] = cluster.nodes as [RabbitNode, RabbitNode, RabbitNode];
    const ran: string[] = [];
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await serve(victim, 'victim', async (n) => {
      ran.push(`victim ${n}`);
      await released;
    });
    expect(await doctor(other)).toContain('consumer_disconnected_timeout of the broker (60 s by default;');
    await cluster.rabbitmqctl('set_policy', '--apply-to', 'quorum_queues', 'prompt', '.*', `{"${RULE}": 2000}`);
    await eventually(async () =>
      expect(await doctor(other)).toContain(`requests held by servers on a lost node return after 2 s (${RULE})`),
    );
    await new RPCClient(connect(other), new Target({ topic: TOPIC })).cast({}, 'run', { n: 1 });
    await eventually(() => expect(ran).toEqual(['victim 1']));
    await serve(other, 'other', (n) => ran.push(`other ${n}`));
    await victim.kill();
    await eventually(() => expect(ran).toEqual(['victim 1', 'other 1']), { within: MAX_WAIT });
  });
});
