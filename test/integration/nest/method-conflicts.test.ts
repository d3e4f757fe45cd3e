import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ConfigurationError,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type LogSink,
  OsloServer,
  RemoteError,
  RpcEndpoint,
  type RpcEndpointOptions,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

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

async function serve(controllers: Type[], logger: LogSink = silent) {
  const transportUrl = `memory://${uniqueTopic('conflicts')}/`;
  const module = await Test.createTestingModule({ controllers }).compile();
  const strategy = new OsloServer({ transportUrl, topic: 'conflicts', host: 'host1', logger });
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

  it('are named in a warning, with the remedy, when the lower version comes last', async () => {
    const logger = new LogRecorder();
    const app = await serve([endpoint({ version: '1.5' }), endpoint({ version: '1.2' })], logger);
    await app.listen();
    await app.close();
    expect(logger.messages(/never runs/, 'warn')).toEqual([
      'RPC method "where": Endpoint.handle (version 1.2) never runs, because Endpoint.handle (version 1.5) comes before it and answers every request for it. List the endpoint of the lower version first, or remove its method',
    ]);
  });

  it.each<[string, RpcEndpointOptions, RpcEndpointOptions]>([
    ['versions', { version: '1.0' }, { version: '1.5' }],
    ['namespaces', {}, { namespace: 'ns' }],
    ['topics', {}, { topic: 'another' }],
  ])('are allowed in different %s', async (_name, one, other) => {
    const app = await serve([endpoint(one), endpoint(other)]);
    await app.listen();
    await app.close();
  });
});

const at = (version: string) => new Target({ version });

describe('two plain endpoints with one method', () => {
  const named = (name: string, target?: Target) => ({ target, where: () => name });

  async function ask(
    endpoints: object[],
    fields: { namespace?: string; version?: string; method?: string },
    logger: LogSink = silent,
  ) {
    const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic('conflicts')}/`, logger });
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

  it('are tried in their order, even with different targets', async () => {
    const endpoints = [{}, named('1.5', new Target({ version: '1.5' })), named('1.0', new Target({ version: '1.0' }))];
    expect(await ask(endpoints, {})).toBe('1.5');
  });

  it.each<[string, (Target | undefined)[], RegExp[]]>([
    [
      'a lower version last',
      ['1.5', '1.2'].map(at),
      [/\(version 1\.2\) never runs.*\(version 1\.5\).*lower version first/],
    ],
    ['one version twice', [undefined, undefined], [/\(version 1\.0\) never runs.*Rename one of the methods/]],
    [
      'three, of which two are hidden',
      ['1.5', '1.2', '1.5.0'].map(at),
      [/version 1\.2\) never/, /version 1\.5\.0\) never/],
    ],
    ['a lower version first', ['1.2', '1.5'].map(at), []],
    ['another major version', ['2.0', '1.5'].map(at), []],
    ['a later revision behind', ['1.2', '1.2.3'].map(at), []],
    ['another namespace', [at('1.5'), new Target({ namespace: 'ns', version: '1.2' })], []],
    ['one of two namespaces hidden', [at('1.5'), new Target({ version: '1.2', acceptedNamespaces: ['ns'] })], []],
  ])('are named in a warning when one never runs: %s', async (_name, targets, warnings) => {
    const logger = new LogRecorder();
    class Conductor {
      constructor(readonly target: Target | undefined) {}
      where(): string {
        return 'here';
      }
    }
    await ask(
      targets.map((target) => new Conductor(target)),
      { version: '1.0' },
      logger,
    );
    const messages = logger.messages(/never runs/, 'warn');
    expect(messages).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
    for (const message of messages) expect(message).toMatch(/^RPC method "where": Conductor\.where /);
  });

  it('are matched by version even without an exposed method', async () => {
    expect(
      await ask([{ target: new Target({ namespace: 'ns', version: '2.0' }) }], { namespace: 'ns', version: '2.0' }),
    ).toBe('NoSuchMethod');
    expect(await ask([], {})).toBe('UnsupportedVersion');
  });
});
