import {
  getRpcServer,
  getRpcTransport,
  type RabbitOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';
import { StreamCluster } from '../support/stream-cluster.js';

/** Python refuses a fanout stream without the others. */
const QUERY = 'rabbit_stream_fanout=true&rabbit_transient_quorum_queue=true&rabbit_qos_prefetch_count=10';

describeWithPython('a fanout stream that Python and this library share', () => {
  const url = `${rabbitUrl}?${QUERY}&rabbit_quorum_queue=true`;
  const transports: Transport[] = [];
  let python: PythonPeer;

  beforeAll(async () => {
    python = await PythonPeer.start(url);
  });
  afterAll(() => python?.stop());
  afterEach(async () => {
    for (const transport of transports.splice(0)) await transport.cleanup();
  });

  it.each<[string, string, RabbitOptions]>([
    ['the same options', url, {}],
    ['without rabbitTransientQuorumQueue', rabbitUrl, { rabbitStreamFanout: true, rabbitQuorumQueue: true }],
  ])('takes the fanouts of both, and is declared alike: %s', async (_name, transportUrl, rabbit) => {
    for (const pythonFirst of [true, false]) {
      const topic = uniqueTopic('shared');
      const options = { transportUrl, rabbit: { ...rabbit, topologyConflict: 'fail' as const }, logger: silent };
      const transport = getRpcTransport({ ...options, controlExchange: 'tacker' });
      transports.push(transport);
      const seen: unknown[] = [];
      const server = getRpcServer(transport, new Target({ topic, server: 'ours' }), [
        { record: (_context: object, args: { value: unknown }) => void seen.push(args.value) },
      ]);
      const startPython = () => python.startServer({ topic, server: 'theirs' });
      const peer = pythonFirst ? await startPython() : undefined;
      await server.start();
      const theirs = peer ?? (await startPython());
      await new RPCClient(transport, new Target({ topic, fanout: true })).cast({}, 'record', { value: 1 });
      await python.cast({ topic, fanout: true, method: 'record', args: { value: 2 } });
      await eventually(() => expect(seen).toEqual([1, 2]));
      await eventually(async () => {
        const values = (await python.receivedRpcs('record')).map(({ args }) => args.value);
        expect(values).toEqual([1, 2]);
      });
      await python.forget();
      await theirs.stop();
      await server.stop();
    }
  });
});

describe('a fanout stream in a cluster of three nodes', () => {
  let streams: StreamCluster;

  beforeAll(async () => {
    streams = await StreamCluster.start(3);
  }, 480_000);
  afterAll(() => streams?.cluster.stop());
  afterEach(() => streams?.cleanUp());

  it('is not needed for a server on a node without a replica, and is read once there is one', async () => {
    const topic = await streams.newTopic();
    const elsewhere = streams.client(topic, streams.first.url);
    await elsewhere.cast(1);
    await streams.removeReplica(topic);
    const { transport, seen } = await streams.serve(topic, streams.last.url);
    expect(await elsewhere.call(1)).toBe(1);
    expect(transport.health().status).toBe('degraded');
    await elsewhere.cast(2);
    await streams.addReplica(topic);
    await eventually(() => expect(transport.health().status).toBe('connected'), { within: 30_000 });
    await elsewhere.cast(3);
    await eventually(() => expect(seen).toEqual([2, 3]));
    expect(transport.counts.lostConnections).toBe(0);
  }, 120_000);

  it('delivers each fanout once while each node is restarted in turn', async () => {
    const topic = await streams.newTopic();
    const { transport, seen } = await streams.serve(topic, streams.cluster.url);
    const client = streams.client(topic, streams.cluster.url);
    let sent = 0;
    for (const node of streams.cluster.nodes) {
      await client.cast(++sent);
      await node.kill();
      await client.cast(++sent);
      await eventually(() => expect(seen).toContain(sent), { within: 60_000 });
      await node.restart();
      await eventually(() => expect(transport.health().status).toBe('connected'), { within: 60_000 });
      await client.cast(++sent);
    }
    await eventually(() => expect(seen).toContain(sent), { within: 60_000 });
    expect(seen).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
  }, 300_000);
});
