import {
  addExtraExmods,
  BackingOffClient,
  ConfigurationError,
  Connection,
  cleanup,
  clearExtraExmods,
  createConnection,
  getAllowedExmods,
  getClient,
  getNotifier,
  getServer,
  init,
  initActionRpc,
  MessageUndeliverable,
  Notifier,
  type OsloMessagingOptions,
  RemoteError,
  RemoteException,
  RequestContext,
  Service,
  Target,
  VoidConnection,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

@RemoteException({ module: 'extra.exceptions' })
class Extra extends Error {}

class Conductor {
  readonly target = new Target({ version: '1.0' });
  readonly hooked: Service[] = [];

  initializeServiceHook(service: Service): void {
    this.hooked.push(service);
  }

  whoAsks(ctxt: RequestContext): unknown {
    return [ctxt instanceof RequestContext, ctxt.userId];
  }

  fail(): never {
    throw new Extra('it did');
  }
}

const ignore = () => undefined;
const ctxt = RequestContext.fromDict({ user_id: 'u1' });

describe('the module functions before init', () => {
  it('report the missing init', () => {
    const target = new Target({ topic: 't', server: 's' });
    for (const early of [
      () => createConnection(),
      () => getClient(target),
      () => getServer(target, []),
      () => getNotifier({ service: 'nfv' }),
    ]) {
      expect(early).toThrow(ConfigurationError);
      expect(early).toThrow(/init\(\)/);
    }
  });

  it('allow cleanup', async () => {
    await expect(cleanup()).resolves.toBeUndefined();
  });
});

const transports = [
  { name: 'memory', url: 'memory://', describe },
  { name: 'rabbit', url: rabbitUrl, describe: describeWithRabbit },
];

for (const { name, url, describe } of transports) {
  describe(`the module functions on ${name}`, () => {
    const begin = (options: OsloMessagingOptions = {}) =>
      init({ transportUrl: url, host: 'host1', rpcResponseTimeout: 10, logger: silent, ...options });

    afterEach(async () => {
      clearExtraExmods();
      await cleanup();
    });

    it('answer through a Connection, and stop with it', async () => {
      begin();
      const topic = uniqueTopic();
      const connection = createConnection();
      expect(connection).toBeInstanceOf(Connection);
      connection.createConsumer(topic, [new Conductor()]);
      connection.createConsumer(`${topic}-2`, [new Conductor()], { host: 'other' });
      expect(await connection.consumeInThreads()).toHaveLength(2);
      const client = getClient(new Target({ topic, version: '1.0' }));
      expect(client).toBeInstanceOf(BackingOffClient);
      expect(await client.call(ctxt, 'whoAsks')).toEqual([true, 'u1']);
      expect(await client.prepare({ server: 'host1' }).call(ctxt, 'whoAsks')).toEqual([true, 'u1']);
      const second = client.prepare({ topic: `${topic}-2`, server: 'other' });
      expect(await second.call(ctxt, 'whoAsks')).toEqual([true, 'u1']);
      await connection.close();
      await connection.close();
      await expect(client.prepare({ timeout: '200ms' }).call(ctxt, 'whoAsks')).rejects.toThrow();
    });

    it('answer nothing with RPC disabled', async () => {
      begin({ rpcDisabled: true });
      const topic = uniqueTopic();
      const connection = createConnection();
      expect(connection).toBeInstanceOf(VoidConnection);
      connection.createConsumer(topic, [new Conductor()]);
      expect(await connection.consumeInThreads()).toEqual([]);
      await connection.close();
      await expect(getClient(new Target({ topic })).call(ctxt, 'whoAsks')).rejects.toBeInstanceOf(MessageUndeliverable);
    });

    it('run a Service, and call its manager before it consumes', async () => {
      begin();
      const topic = uniqueTopic();
      const manager = new Conductor();
      const service = new Service('host7', topic, { manager });
      await service.start();
      expect(manager.hooked).toEqual([service]);
      const client = getClient(new Target({ topic, version: '1.0' }));
      expect(await client.prepare({ server: 'host7' }).call(ctxt, 'whoAsks')).toEqual([true, 'u1']);
      await service.stop();
      await service.stop();
    });

    it('run a Service that is its own manager, and stop it without waiting', async () => {
      class Own extends Service {
        hello(): string {
          return `hello from ${this.host}`;
        }

        hang(): Promise<never> {
          return new Promise(ignore);
        }
      }
      begin();
      const topic = uniqueTopic();
      const service = new Own('host8', topic);
      await service.start();
      const client = getClient(new Target({ topic }));
      expect(await client.call(ctxt, 'hello')).toBe('hello from host8');
      const hanging = client.prepare({ timeout: '1s' }).call(ctxt, 'hang').catch(ignore);
      const stopping = performance.now();
      await service.stop({ graceful: false });
      expect(performance.now() - stopping).toBeLessThan(9000);
      await hanging;
    });

    it('hold clients to their version cap', async () => {
      begin();
      const client = getClient(new Target({ topic: uniqueTopic(), version: '1.3' }), { versionCap: '1.2' });
      await expect(client.call(ctxt, 'whoAsks')).rejects.toMatchObject({ code: 'VERSION_CAP', versionCap: '1.2' });
    });

    it('rebuild exceptions of extra modules, from the next init on', async () => {
      expect(getAllowedExmods()).toEqual(['tacker.common.exceptions']);
      addExtraExmods('extra.exceptions', 'more.exceptions');
      expect(getAllowedExmods()).toEqual(['tacker.common.exceptions', 'extra.exceptions', 'more.exceptions']);
      const topic = uniqueTopic();
      const failure = async (): Promise<unknown> => {
        begin();
        const server = getServer(new Target({ topic, server: 'a' }), [new Conductor()]);
        await server.start();
        const error: unknown = await getClient(new Target({ topic, version: '1.0' }))
          .call(ctxt, 'fail')
          .catch((error: unknown) => error);
        await server.stop();
        await server.wait();
        await cleanup();
        return error;
      };
      expect(await failure()).toBeInstanceOf(Extra);
      clearExtraExmods();
      expect(getAllowedExmods()).toEqual(['tacker.common.exceptions']);
      expect(await failure()).toBeInstanceOf(RemoteError);
    });

    it('give a notifier its publisher', async () => {
      begin();
      const notifier = getNotifier({ service: 'nfv', host: 'host9' });
      expect(notifier).toBeInstanceOf(Notifier);
      await expect(notifier.info(ctxt, 'vnf.create', { id: 1 })).resolves.toBeUndefined();
      await expect(getNotifier({ publisherId: 'own' }).error(ctxt, 'vnf.lost', {})).resolves.toBeUndefined();
    });

    it('set up RPC alone', async () => {
      initActionRpc({ transportUrl: url, host: 'host1', rpcResponseTimeout: 10, logger: silent });
      expect(() => init()).toThrow(ConfigurationError);
      expect(() => getNotifier({ service: 'nfv' })).toThrow(/initActionRpc/);
      const topic = uniqueTopic();
      const server = getServer(new Target({ topic, server: 'a' }), [new Conductor()]);
      await server.start();
      expect(await getClient(new Target({ topic })).call(ctxt, 'whoAsks')).toEqual([true, 'u1']);
      await server.stop();
    });
  });
}
