import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  OsloServer,
  RemoteError,
  RpcEndpoint,
  type RpcEndpointOptions,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';

function endpoint(options: RpcEndpointOptions, method = 'where'): Type {
  @RpcEndpoint(options)
  class Endpoint {
    @RpcMethod(method)
    handle(): string {
      return JSON.stringify(options);
    }
  }
  return Endpoint;
}

async function serve(controllers: Type[]) {
  const transportUrl = `memory://${uniqueTopic('conflicts')}/`;
  const module = await Test.createTestingModule({ controllers }).compile();
  const strategy = new OsloServer({ transportUrl, topic: 'conflicts', host: 'host1' });
  return module.createNestMicroservice({ strategy, logger: false });
}

describe('two Nest handlers of one RPC method', () => {
  it.each<[string, RpcEndpointOptions, RpcEndpointOptions]>([
    ['the same target', {}, {}],
    ['version 1.0, said and unsaid', {}, { version: '1.0' }],
    ['the same namespace and version', { namespace: 'ns', version: '2.1' }, { namespace: 'ns', version: '2.1' }],
  ])('are refused at start: %s', async (_name, one, other) => {
    const app = await serve([endpoint(one), endpoint(other)]);
    const refused = await app.listen().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(ConfigurationError);
    expect(String(refused)).toMatch(/"where" has two handlers in namespace (ns|\(null\)), version (1\.0|2\.1)/);
    await app.close();
  });

  it.each<[string, RpcEndpointOptions, RpcEndpointOptions]>([
    ['versions', { version: '1.0' }, { version: '1.5' }],
    ['namespaces', {}, { namespace: 'ns' }],
    ['topics', {}, { topic: 'another' }],
  ])('are welcome in different %s', async (_name, one, other) => {
    const app = await serve([endpoint(one), endpoint(other)]);
    await app.listen();
    await app.close();
  });
});

describe('two plain endpoints with one method', () => {
  const named = (name: string, target?: Target) => ({ target, where: () => name });

  async function ask(endpoints: object[], fields: { namespace?: string; version?: string; method?: string }) {
    const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic('conflicts')}/` });
    const server = getRpcServer(transport, new Target({ topic: 't', server: 'host1' }), endpoints);
    await server.start();
    const { method = 'where', ...target } = fields;
    const answer = await getRpcClient(transport, new Target({ topic: 't', ...target }))
      .call({}, method)
      .catch((error: unknown) => (error instanceof RemoteError ? error.excType : error));
    await server.stop();
    await transport.cleanup();
    return answer;
  }

  it('are answered by the first, as in Python', async () => {
    expect(await ask([named('first'), named('second')], {})).toBe('first');
    const versions = [named('1.0', new Target({ version: '1.0' })), named('1.5', new Target({ version: '1.5' }))];
    expect(await ask(versions, { version: '1.0' })).toBe('1.0');
    expect(await ask(versions, { version: '1.3' })).toBe('1.5');
    expect(await ask(versions.reverse(), { version: '1.0' })).toBe('1.5');
  });

  it('are asked in their order, whatever their targets have in common', async () => {
    const endpoints = [{}, named('1.5', new Target({ version: '1.5' })), named('1.0', new Target({ version: '1.0' }))];
    expect(await ask(endpoints, {})).toBe('1.5');
  });

  it('count for their version even if they expose nothing', async () => {
    expect(
      await ask([{ target: new Target({ namespace: 'ns', version: '2.0' }) }], { namespace: 'ns', version: '2.0' }),
    ).toBe('NoSuchMethod');
    expect(await ask([], {})).toBe('UnsupportedVersion');
  });
});
