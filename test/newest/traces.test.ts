import { getRpcClient, getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PERMITTED_QUERY } from '../../testkit/release.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { ofPython, treeOf, useTraces } from '../support/traces.js';

describeWithPython('traces with the tracing of oslo.messaging itself', () => {
  const url = `${rabbitUrl}?${PERMITTED_QUERY}`;
  const { spans, within } = useTraces();
  let python: PythonPeer;

  beforeAll(async () => {
    python = await PythonPeer.start(url, { tracing: 'sdk' });
  });
  afterAll(() => python?.stop());

  it('are one over calls and casts in both directions', async () => {
    const [ours, theirs] = [uniqueTopic('nest'), uniqueTopic('python')];
    const transport = getRpcTransport({
      transportUrl: url,
      rpcResponseTimeout: '30s',
      instrumentation: [openTelemetry()],
    });
    const client = getRpcClient(transport, new Target({ topic: theirs }));
    const record = { send: 'cast', with: { topic: ours, exchange: 'tacker', method: 'record' } };
    const scale = { send: 'call', with: { topic: ours, exchange: 'tacker', method: 'scale' } };
    const server = getRpcServer(transport, new Target({ topic: ours, server: 's' }), [
      {
        scale: (context: object) => client.call(context, 'relay', { steps: [record] }),
        record: () => undefined,
      },
    ]);
    await server.start();
    const peer = await python.startServer({ topic: theirs, server: 's', endpoints: ['relay'] });
    await within('request of a user', () => client.call({ request_id: 'req-9' }, 'relay', { steps: [scale] }));
    const all = await eventually(async () => {
      const found = [...spans(), ...ofPython(await python.spans())];
      expect(found).toHaveLength(9);
      return found;
    });
    const tree = treeOf(all).replaceAll(ours, 'nest').replaceAll(theirs, 'python');
    console.log(tree);
    expect(tree.split('\n')).toEqual([
      'nest: INTERNAL request of a user',
      '  nest: CLIENT relay',
      '    python: CONSUMER relay receive',
      '      python: PRODUCER nest.scale',
      '        nest: SERVER scale',
      '          nest: CLIENT relay',
      '            python: CONSUMER relay receive',
      '              python: PRODUCER nest.record',
      '                nest: CONSUMER process nest (record)',
    ]);
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
    for (const span of all.filter(({ kind }) => kind !== 'INTERNAL'))
      expect(span.attributes).toMatchObject({ 'messaging.system': 'rabbitmq', 'openstack.request_id': 'req-9' });
    await peer.stop();
    await server.stop();
    await transport.cleanup();
  });
});
