import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  getRpcClientToken,
  InjectRpcClient,
  OsloClientProxy,
  OsloMessagingModule,
  OsloRecord,
  OsloServer,
  RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { closeAll, deferred, open, optionsOf, Plain, start } from './served-controllers.js';

afterEach(closeAll);

describe('an application on memory://', () => {
  it('gives a handler the context of its request', async () => {
    const { call, options } = await start();
    const record = new OsloRecord({}, { context: RequestContext.fromDict({ user_id: 'u1' }) });
    expect(await call('about', record)).toEqual({
      method: 'about',
      topic: options.topic,
      id: 'string',
      aborted: false,
      user: 'u1',
    });
  });

  it('times out after the time that the pattern or the record gives', async () => {
    const { options } = await start();
    @RpcEndpoint({})
    class Silent {
      @RpcMethod()
      never(): Promise<never> {
        return new Promise(() => undefined);
      }
    }
    const own = { ...optionsOf(uniqueTopic()), drainTimeout: 0.1 };
    const module = await Test.createTestingModule({ controllers: [Silent] }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(own), logger: false });
    await app.listen();
    const proxy = new OsloClientProxy(options);
    open.push(app, proxy);
    const pattern = { method: 'never', topic: own.topic };
    const byPattern = lastValueFrom(proxy.send({ ...pattern, timeout: '100ms' }, {}));
    await expect(byPattern).rejects.toMatchObject({ code: 'TIMEOUT' });
    const byRecord = lastValueFrom(proxy.send(pattern, new OsloRecord({}, { timeout: 0.1 })));
    await expect(byRecord).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('answers requests in work before it closes, and starts no other', async () => {
    const started = deferred<void>();
    const release = deferred<string>();
    @RpcEndpoint({})
    class Slow {
      @RpcMethod()
      slow(): Promise<string> {
        started.resolve();
        return release.promise;
      }
    }
    const options = optionsOf(uniqueTopic());
    const module = await Test.createTestingModule({ controllers: [Slow] }).compile();
    const app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    await app.listen();
    const proxy = new OsloClientProxy(options);
    open.push(proxy);
    const running = lastValueFrom(proxy.send('slow', {}));
    await started.promise;
    let closed = false;
    const closing = app.close().then(() => {
      closed = true;
    });
    const late = lastValueFrom(proxy.send({ method: 'slow', timeout: 0.2 }, {}));
    await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|UNDELIVERABLE/) });
    expect(closed).toBe(false);
    release.resolve('finished');
    expect(await running).toBe('finished');
    await closing;
  });

  it('serves a hybrid application as a module', async () => {
    @RpcEndpoint({ version: '1.0' })
    class Caller {
      constructor(@InjectRpcClient('named') private readonly client: BackingOffClient) {}

      @RpcMethod()
      relay(@RpcArgs() args: { value: number }, @RpcContext() context: RequestContext): Promise<unknown> {
        return this.client.call(context, 'answer', args);
      }

      @RpcMethod()
      answer(@RpcArg('value') value: number, @RpcContext() context: RequestContext): unknown {
        return { value: value + 1, user: context.userId };
      }
    }
    const topic = uniqueTopic();
    const target = new Target({ topic, version: '1.0' });
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRoot(optionsOf(topic)),
        OsloMessagingModule.forFeature([{ target, token: 'named' }, { target }]),
      ],
      controllers: [Caller],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    open.push(app);
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
    await app.init();
    const client = app.get<BackingOffClient>(getRpcClientToken(topic));
    expect(client).toBeInstanceOf(BackingOffClient);
    const context = RequestContext.fromDict({ user_id: 'u1' });
    expect(await client.call(context, 'relay', { value: 41 })).toEqual({ value: 42, user: 'u1' });
    await app.close();
    await app.close();
  });

  it('uses the options of a factory', async () => {
    const topic = uniqueTopic();
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRootAsync({
          inject: [],
          useFactory: async () => optionsOf(await Promise.resolve(topic)),
        }),
        OsloMessagingModule.forFeature([{ target: new Target({ topic }) }]),
      ],
      controllers: [Plain],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    open.push(app);
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    await app.startAllMicroservices();
    await app.init();
    const client = app.get<BackingOffClient>(getRpcClientToken(topic));
    expect(await client.call(new RequestContext(), 'sum', { values: [4, 5] })).toBe(9);
  });
});
