import {
  ConfigurationError,
  getRpcApiClient,
  getRpcTransport,
  RPCVersionCapError,
  type RpcApiClient,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { silent } from '../../support/silent.js';
import { type ConductorApi, conductorApi } from './conductor-api.js';

const api = conductorApi('conductor');

/** Requests of a client, which no server gets. */
function recorded() {
  const sent: { method: string; version: string | undefined; args: object }[] = [];
  const transport = getRpcTransport({
    transportUrl: 'memory://versions/',
    logger: silent,
    clientInterceptors: [
      async ({ method, target, args }) => {
        sent.push({ method, version: target.version, args: args as object });
        return { id: 'v1', at: '2026-01-01T00:00:00Z' };
      },
    ],
  });
  return { sent, transport };
}

describe('the version of a request', () => {
  const { sent, transport } = recorded();
  const vnf = { vnf_id: 'v1' };
  afterEach(() => sent.splice(0));

  const clientOf = (options: object = {}): RpcApiClient<ConductorApi> => getRpcApiClient(transport, api, options);

  it('is the one that introduced the method', async () => {
    const client = clientOf();
    await client.get(vnf);
    await client.heal({ ...vnf, cause: 'c' });
    await client.scale(vnf);
    await client.newest({ a: 1 });
    expect(sent.map(({ method, version }) => [method, version])).toEqual([
      ['get', '1.0'],
      ['heal', '1.2'],
      ['scale', '1.9'],
      ['newest', '1.10'],
    ]);
    expect(sent[1]?.args).toEqual({ vnf_id: 'v1', cause: 'c' });
  });

  it.each([
    ['a number', { versionCap: '1.9' }],
    ['$prepare', {}],
    ['an alias of the API, replaced by one of the client', { versionCap: 'bobcat', versionAliases: { bobcat: '1.9' } }],
    ['an alias of the client', { versionCap: 'mine', versionAliases: { mine: '1.9' } }],
  ])('is capped by %s', async (how, options) => {
    const client = how === '$prepare' ? clientOf().$prepare({ versionCap: '1.9' }) : clientOf(options);
    await client.scale(vnf);
    expect(sent).toMatchObject([{ method: 'scale', version: '1.9' }]);
    const refused = await client.newest({ a: 1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RPCVersionCapError);
    expect(refused).toMatchObject({ version: '1.10', versionCap: '1.9', method: 'newest' });
    expect(sent).toHaveLength(1);
    expect(client.$canSend('scale')).toBe(true);
    expect(client.$canSend('newest')).toBe(false);
  });

  it('is capped by an alias of the API', async () => {
    const client = clientOf({ versionCap: 'bobcat' });
    await client.heal({ ...vnf, cause: 'c' });
    expect(sent).toMatchObject([{ version: '1.2', args: { vnf_id: 'v1', cause: 'c' } }]);
    expect(client.$canSend('scale')).toBe(false);
    await expect(client.scale(vnf)).rejects.toBeInstanceOf(RPCVersionCapError);
  });

  it('is that of the fallback under an older cap, with the older shape of the arguments', async () => {
    const client = clientOf({ versionCap: 'antelope' });
    expect(client.$canSend('heal')).toBe(true);
    await client.heal({ ...vnf, cause: 'c' });
    await client.heal({ ...vnf, cause: 'c' }, { timeout: 5 });
    expect(sent).toEqual([
      { method: 'heal', version: '1.0', args: { vnf_id: 'v1' } },
      { method: 'heal', version: '1.0', args: { vnf_id: 'v1' } },
    ]);
  });

  it('cannot be sent under a cap of another major version', async () => {
    const client = clientOf({ versionCap: '2.0' });
    await expect(client.get(vnf)).rejects.toBeInstanceOf(RPCVersionCapError);
    expect(client.$canSend('get')).toBe(false);
  });

  it('refuses a cap that is neither a version nor an alias', () => {
    expect(() => clientOf({ versionCap: 'bobcta' })).toThrow(ConfigurationError);
    expect(() => clientOf({ versionCap: 'bobcta' })).toThrow(/antelope, bobcat.*got "bobcta"; did you mean "bobcat"/);
    expect(() => clientOf({ versionCap: 'x', versionAliases: { x: 'y' } })).toThrow(/Version must be/);
  });
});
