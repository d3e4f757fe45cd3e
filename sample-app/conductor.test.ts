import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getRpcApiClient, getRpcTransport, OsloServer, RemoteError, type Transport } from 'nestjs-oslo-messaging';
import { fakeNotifier, fakeRpcApi, osloMatchers, TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentModule } from './agent.js';
import { agentApi } from './agent-api.js';
import { Conductor, ConductorModule } from './conductor.js';
import { conductorApi } from './conductor-api.js';
import { options, requestContext } from './settings.js';
import { VnfNotFound } from './vnf.js';
import { VnfStore } from './vnf-store.js';

expect.extend(osloMatchers);
const context = requestContext();
const { serializer } = options();

describe('The conductor on a test broker', () => {
  let broker: TestBroker;
  let transport: Transport;

  beforeEach(async () => {
    broker = new TestBroker({ drainTimeout: 0 });
    transport = getRpcTransport(broker.options);
    await broker.startMicroservice(Test.createTestingModule({ imports: [ConductorModule] }));
  });
  afterEach(async () => {
    vi.useRealTimers();
    await transport.cleanup();
    await broker.close();
  });

  const conductor = () => getRpcApiClient(transport, conductorApi, { serializer }).$prepare({ context });
  const get = (id: string) => conductor().get({ vnf_id: id });
  const instantiate = (id: string) => conductor().instantiate({ vnf_id: id, name: 'firewall' });

  it('instantiates a VNF on an agent, and announces each state', async () => {
    await broker.serve(agentApi.target.with({ server: 'agent-7' }), { deploy: () => 'agent-7' });
    await instantiate('v1');
    await broker.settled();
    expect(broker).toHaveCalled({ method: 'deploy', topic: 'tacker_agent', args: { vnf_id: 'v1' }, times: 1 });
    expect(broker.notifications.map(({ eventType }) => eventType)).toEqual(['vnf.instantiating', 'vnf.active']);
    expect(broker).toHaveNotified({ eventType: 'vnf.active', publisherId: 'conductor', context: { user_id: 'demo' } });
    expect(await conductor().list()).toMatchObject([{ id: 'v1', state: 'ACTIVE', host: 'agent-7', instances: 1 }]);
  });

  it('heals a VNF on its own agent', async () => {
    const agents = ['agent-1', 'agent-2'].map((host) => startAgent(host));
    await Promise.all(agents);
    await instantiate('v1');
    await broker.settled();
    const { host } = await get('v1');
    await conductor().heal({ vnf_id: 'v1' });
    await broker.settled();
    expect(broker).toHaveCalled({ method: 'deploy', server: host ?? '', times: 1 });
    expect(await get('v1')).toMatchObject({ state: 'ACTIVE', host });
    for (const agent of await Promise.all(agents)) await agent.close();
  });

  it('reports a VNF whose agent does not answer', async () => {
    vi.useFakeTimers();
    await broker.serve(agentApi.target, { deploy: () => 'agent-7' });
    broker.once('deploy').drop();
    const error = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    await instantiate('v1');
    // The timeout of the sample is 5 s, and a call that has timed out waits for as long again at most.
    await vi.advanceTimersByTimeAsync(10_000);
    await broker.settled();
    expect(await get('v1')).toMatchObject({ state: 'ERROR', host: null });
    expect(broker).toHaveNotified({ eventType: 'vnf.error', priority: 'error', payload: { id: 'v1' } });
    expect(error.mock.calls.join()).toContain('INSTANTIATING v1 failed: Timed out');
  });

  it('has no VNF that was never instantiated', async () => {
    const error = await get('none').catch((thrown: unknown) => thrown);
    // Its own class needs the allowed modules of the caller.
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ excType: 'VnfNotFound' });
  });

  /** Starts a real agent on the broker. It makes its OsloServer by hand, as in roles.ts. */
  async function startAgent(host: string) {
    const module = await Test.createTestingModule({ imports: [AgentModule.on(host)] }).compile();
    const strategy = new OsloServer({ ...options({ host }), ...broker.options });
    const app = module.createNestMicroservice({ strategy });
    await app.listen();
    return app;
  }
});

describe('The conductor with fakes', () => {
  it('leaves a VNF in ERROR when the agent refuses it', async () => {
    const agents = fakeRpcApi(agentApi, {
      deploy: () => {
        throw new Error('no room');
      },
    });
    const notifier = fakeNotifier();
    const store = new VnfStore();
    vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    await new Conductor(store, agents, notifier).instantiate({ vnf_id: 'v1', name: 'nat' }, context);
    expect(store.get('v1')).toMatchObject({ name: 'nat', state: 'ERROR' });
    expect(agents).toHaveCalled('deploy', { vnf_id: 'v1' });
    expect(notifier).toHaveNotified({ eventType: 'vnf.error', priority: 'error' });
  });

  it('forgets a terminated VNF', async () => {
    const agents = fakeRpcApi(agentApi, { deploy: () => 'agent-1', remove: () => undefined });
    const store = new VnfStore();
    const conductor = new Conductor(store, agents, fakeNotifier());
    await conductor.instantiate({ vnf_id: 'v1', name: 'nat' }, context);
    await conductor.terminate({ vnf_id: 'v1' }, context);
    expect(agents).toHaveCalled({ method: 'remove', server: 'agent-1' });
    expect(() => conductor.get({ vnf_id: 'v1' })).toThrow(VnfNotFound);
  });
});
