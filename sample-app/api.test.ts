import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getRpcApiToken, MessagingTimeout } from 'nestjs-oslo-messaging';
import { fakeRpcApi, osloMatchers, TestBroker } from 'nestjs-oslo-messaging/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiModule } from './api.js';
import { conductorApi } from './conductor-api.js';
import { type Vnf, VnfNotFound } from './vnf.js';

expect.extend(osloMatchers);
const VNF: Vnf = { id: 'v1', name: 'nat', state: 'ACTIVE', instances: 1, host: 'agent-1' };

describe('The HTTP API with a fake conductor', () => {
  const broker = new TestBroker();
  const conductor = fakeRpcApi(conductorApi, {
    get: ({ vnf_id }) => {
      if (vnf_id === 'late') throw new MessagingTimeout('no reply');
      if (vnf_id !== 'v1') throw new VnfNotFound(`VNF ${vnf_id} could not be found.`);
      return VNF;
    },
    instantiate: () => undefined,
    heal: () => undefined,
  });
  let app: INestApplication | undefined;

  afterEach(async () => {
    await app?.close();
    await broker.close();
  });

  it('answers quick requests with results, and long ones with 202', async () => {
    const module = broker
      .override(Test.createTestingModule({ imports: [ApiModule] }))
      .overrideProvider(getRpcApiToken(conductorApi))
      .useValue(conductor);
    app = (await module.compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
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
});
