import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getRpcApiToken, MessagingTimeout } from 'nestjs-oslo-messaging';
import { fakeRpcApi, osloMatchers, TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { agentApi } from './agent-api.js';
import { ApiModule } from './api.js';
import { conductorApi } from './conductor-api.js';
import { Traffic } from './traffic.js';
import { type Vnf, VnfNotFound } from './vnf.js';

expect.extend(osloMatchers);
const VNF: Vnf = { id: 'v1', name: 'nat', state: 'ACTIVE', instances: 1, host: 'agent-1' };

describe('The HTTP API with a fake conductor', () => {
  const conductor = fakeRpcApi(conductorApi, {
    get: ({ vnf_id }) => {
      if (vnf_id === 'late') throw new MessagingTimeout('no reply');
      if (vnf_id !== 'v1') throw new VnfNotFound(`VNF ${vnf_id} could not be found.`);
      return VNF;
    },
    instantiate: () => undefined,
    heal: () => undefined,
    slow: () => {
      throw new MessagingTimeout('no reply');
    },
    scale: () => undefined,
    terminate: () => undefined,
  });
  const agents = fakeRpcApi(agentApi, { report: () => ({ host: 'agent-1', vnfs: [], inventory: null }) });
  let broker: TestBroker;
  let app: INestApplication;

  beforeEach(async () => {
    conductor.$reset();
    broker = new TestBroker();
    const module = broker
      .override(Test.createTestingModule({ imports: [ApiModule] }))
      .overrideProvider(getRpcApiToken(conductorApi))
      .useValue(conductor)
      .overrideProvider(getRpcApiToken(agentApi))
      .useValue(agents);
    app = (await module.compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    await app.close();
    await broker.close();
  });

  it('answers quick requests with results, and long ones with 202', async () => {
    const url = `${await app.getUrl()}/vnfs`;
    const request = async (method: string, path: string) => {
      const { status } = await fetch(url + path, { method, headers: { connection: 'close' } });
      return status;
    };

    expect(await request('GET', '/v1')).toBe(200);
    expect(await request('GET', '/none')).toBe(404);
    expect(await request('GET', '/late')).toBe(504);
    expect(await request('POST', '')).toBe(202);
    expect(await request('POST', '/v1/heal')).toBe(202);
    expect(await request('POST', '/none/heal')).toBe(404);

    expect(conductor).toHaveCast({ method: 'instantiate', args: { name: 'vnf' }, context: { project_id: 'nfv' } });
    expect(conductor).toHaveCast({ method: 'heal', args: { vnf_id: 'v1' }, times: 1 });
    expect(conductor).not.toHaveCast('heal', { vnf_id: 'none' });
  });

  it('serves a page about itself', async () => {
    const { port } = new URL(await app.getUrl());
    const page = await fetch(`http://127.0.0.1:${port}/rpc/`);
    expect(await page.text()).toContain('<!doctype html>');
    const snapshot: unknown = await (await fetch(`http://127.0.0.1:${port}/rpc/api/snapshot`)).json();
    expect(snapshot).toMatchObject({ title: 'NFV orchestrator', can: { call: true } });
  });

  it('simulates users until it closes', async () => {
    app.get(Traffic).start(1);
    await vi.waitFor(() => expect(conductor).toHaveCast('terminate'), { timeout: 30_000 });
    expect(conductor).toHaveCalled('slow', { seconds: 0.6 });
    expect(agents).toHaveCalled('report');
    await app.close();
    const { length } = conductor.$calls;
    await delay(20); // many pauses of a user
    expect(conductor.$calls).toHaveLength(length);
  });
});
