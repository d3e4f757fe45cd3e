import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  getRpcClientToken,
  InjectNotifier,
  InjectRpcClient,
  NotificationEndpoint,
  type Notifier,
  OnNotification,
  OsloMessagingModule,
  OsloServer,
  type RPCClient,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';
import { ofPython, type TracedSpan, treeOf, useTraces } from '../support/traces.js';

const [api, agent, conductor, events, answers] = ['api', 'agent', 'conductor', 'events', 'answers'].map((name) =>
  uniqueTopic(name),
) as [string, string, string, string, string];

@RpcEndpoint({ topic: api })
class Api {
  constructor(@InjectRpcClient(agent) private readonly agents: RPCClient) {}

  /** Third hop: Nest calls Python again, which casts, sends to all and notifies. */
  @RpcMethod('scale')
  scale(@RpcArg('name') name: string): Promise<unknown> {
    const to = { topic: conductor, exchange: 'tacker', method: 'record', args: { name } };
    const notification = { topic: answers, publisherId: 'python', eventType: 'vnf.scaled', payload: { name } };
    return this.agents.call(undefined, 'relay', {
      steps: [
        { send: 'cast', with: to },
        { send: 'cast', with: { ...to, fanout: true } },
        { send: 'notify', with: notification },
      ],
    });
  }
}

@RpcEndpoint({ topic: conductor })
class Conductor {
  constructor(@InjectNotifier() private readonly notifier: Notifier) {}

  @RpcMethod('record')
  async record(@RpcArg('name') name: string): Promise<void> {
    await this.notifier.info(undefined, 'vnf.recorded', { name });
  }
}

@NotificationEndpoint({ topics: [answers] })
class Answers {
  @OnNotification({ eventType: 'vnf.scaled' })
  scaled(): void {}
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({
      transportUrl: rabbitUrl,
      host: 'nest',
      notificationTopics: [events],
      rpcResponseTimeout: 30,
      instrumentation: [openTelemetry()],
      logger: silent,
    }),
    OsloMessagingModule.forFeature([{ target: new Target({ topic: agent }) }]),
  ],
  controllers: [Api, Conductor, Answers],
})
class Services {}

describeWithPython('one trace over Nest, Python, Nest and Python', () => {
  const { spans, within } = useTraces();
  let python: PythonPeer;
  let app: INestApplication;

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl, { tracing: 'shim' });
    await python.startServer({ topic: agent, server: 'python', endpoints: ['relay'] });
    await python.listenNotifications({ topics: [events] });
    app = await NestFactory.create(Services, { logger: false });
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
  });
  afterAll(async () => {
    await app?.close();
    await python?.stop();
  });

  it('has a span of each call, cast, fanout and notification', async () => {
    const client = app.get<RPCClient>(getRpcClientToken(agent));
    const relay = { send: 'call', with: { topic: api, exchange: 'tacker', method: 'scale', args: { name: 'v1' } } };
    await within('request of a user', () => client.call({ request_id: 'req-7' }, 'relay', { steps: [relay] }));
    const all = await eventually(async () => {
      const found = [...spans(), ...ofPython(await python.spans())];
      expect(found).toHaveLength(17);
      return found;
    });
    const names = {
      [api]: 'api',
      [agent]: 'agent',
      [conductor]: 'conductor',
      [events]: 'events',
      [answers]: 'answers',
    };
    const shown = (text: string) =>
      Object.entries(names).reduce((left, [name, short]) => left.replaceAll(name, short), text);
    const tree = shown(treeOf(all));
    console.log(tree);
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
    expect(tree.split('\n')).toEqual([
      'nest: INTERNAL request of a user',
      '  nest: CLIENT relay',
      '    python: CONSUMER relay receive',
      '      python: PRODUCER api.scale',
      '        nest: SERVER scale',
      '          nest: CLIENT relay',
      '            python: CONSUMER relay receive',
      '              python: PRODUCER answers.info.vnf.scaled',
      '                nest: CONSUMER process answers',
      ...['', ''].flatMap(() => [
        '              python: PRODUCER conductor.record',
        '                nest: CONSUMER process conductor (record)',
        '                  nest: PRODUCER send events',
        '                    python: CONSUMER vnf.recorded receive',
      ]),
    ]);
    const methodsOf = (kind: TracedSpan['process']) =>
      new Set(all.filter((span) => span.process === kind).flatMap((span) => span.attributes['rpc.method'] ?? []));
    // One query by oslo's attributes finds both languages.
    expect(methodsOf('python')).toContain('scale');
    expect(methodsOf('nest')).toContain('scale');
  });
});
