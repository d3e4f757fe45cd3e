import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
// Types alone: both forms are loaded below.
import type * as Library from 'nestjs-oslo-messaging';

// Both forms of the built library in one process, as under loaders that take one for `import` and one for `require`:
// node --import typescript.mjs two-forms.ts import|require, with the form that is loaded first. Each line takes from `first`
// or from `second`, so that both meet everywhere.
const built = new URL('../../dist/', import.meta.url);
const FORMS = {
  import: async () => (await import(new URL('lib/index.js', built).href)) as typeof Library,
  require: () => createRequire(built)('./cjs/index.js') as typeof Library,
} as const;
const started = process.argv[2] === 'require' ? 'require' : 'import';
const first = await FORMS[started]();
const second = await FORMS[started === 'import' ? 'require' : 'import']();

const isClass = (value: unknown) => typeof value === 'function' && /^class\b/.test(String(value));
const different = Object.entries(first).filter(
  ([name, value]) => isClass(value) && Reflect.get(second, name) !== value,
);
assert.deepEqual(
  different.map(([name]) => `${name} is not shared: decorate it with @sharedClass`),
  [],
);
assert.notEqual(first.init, second.init, 'the forms are one file: nothing is tested here');

@second.RemoteException({ module: 'two.forms' })
class Mapped extends Error {}

@second.VersionedObject({ version: '1.0' })
class TwoForms {
  @first.VersionedField(second.fields.string()) name?: string;
}

/** The interceptor of an endpoint applies it. */
const serializer = new second.VersionedObjectSerializer();

@second.RpcEndpoint({ version: '1.0' })
class Endpoint {
  @first.RpcMethod()
  fail(): void {
    throw new Mapped('as agreed');
  }

  @second.RpcMethod()
  rename(@first.RpcArg('object') object: TwoForms): TwoForms {
    assert.ok(object instanceof TwoForms);
    assert.deepEqual(second.objWhatChanged(object), []);
    object.name = 'renamed';
    assert.deepEqual(first.objWhatChanged(object), ['name']);
    return object;
  }

  @first.RpcMethod()
  user(@second.RpcContext() context: unknown): unknown {
    assert.ok(context instanceof first.RequestContext);
    assert.equal(second.getCurrentRequestContext(), context);
    assert.equal(first.getCurrentRequestContext(), context);
    return context.userId;
  }
}

const api = second.defineRpcApi({
  topic: 'forms',
  version: '2.0',
  methods: { double: first.call<{ n: number }, number>() },
});

@first.RpcEndpoint(api)
class Contracted {
  double(args: { n: number }): number {
    return args.n * 2;
  }
}

class Publisher {
  constructor(@second.InjectNotifier('two.forms') readonly notifier: Library.Notifier) {}
}

@Module({
  imports: [
    first.OsloMessagingModule.forRoot({ topic: 'forms', allowedRemoteExmods: ['two.forms'], serializer }),
    second.OsloMessagingModule.forFeature([{ target: { topic: 'forms', version: '1.0' } }, { api }]),
  ],
  controllers: [Endpoint, Contracted],
  providers: [Publisher],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
await app.init();
app.connectMicroservice({ strategy: app.get(second.OsloServer) });
await app.startAllMicroservices();
const client = app.get<Library.BackingOffClient>(first.getRpcClientToken('forms'));
const object = Object.assign(new TwoForms(), { name: 'given' });
first.objResetChanges(object);
assert.ok(app.get(Publisher).notifier instanceof first.Notifier);
assert.ok(app.get(second.OsloMessagingHealth) instanceof first.OsloMessagingHealth);
assert.equal(await client.call(new second.RequestContext({ userId: 'alice' }), 'user'), 'alice');
await assert.rejects(client.call({}, 'fail'), (error) => error instanceof Mapped && error.message === 'as agreed');
assert.equal(((await client.call({}, 'rename', { object })) as TwoForms).name, 'renamed');
await assert.rejects(client.call({}, 'lost'), (error) => error instanceof second.RemoteError);
assert.equal(await app.get<Library.RpcApiClient<typeof api>>(first.getRpcApiToken(api)).double({ n: 2 }), 4);
await app.close();

// The default runtime, plain endpoints and their marks, and the broker memory:// that all forms share.
second.addExtraExmods('two.forms.extra');
assert.ok(first.getAllowedExmods().includes('two.forms.extra'));
first.init({
  transportUrl: 'memory://runtime',
  notificationDriver: 'test',
  accessPolicy: new second.ExplicitRPCAccessPolicy(),
});
assert.throws(() => second.init(), first.ConfigurationError);

class Plain {
  @second.expose()
  echo(_context: unknown, { text }: { text: string }): string {
    return text;
  }
}
const target = new first.Target({ topic: 'plain', server: 'one' });
const server = second.getServer(target, [new Plain()]);
await server.start();
assert.equal(await first.getClient(target).call({}, 'echo', { text: 'both' }), 'both');
const transport = second.getRpcTransport({ transportUrl: 'memory://runtime' });
assert.equal(
  await first.getRpcClient(transport, new second.Target({ topic: 'plain' })).call({}, 'echo', { text: 'one' }),
  'one',
);
await server.stop();
await transport.cleanup();
await second.getNotifier({ publisherId: 'two.forms' }).info({}, 'said', {});
const { notifications } = first.getRuntimeTransports();
assert.equal(notifications && second.recordedNotifications(notifications).length, 1);
await second.cleanup();
assert.throws(() => first.getRuntimeTransports(), second.ConfigurationError);
first.clearExtraExmods();

// Secrets of a context of one form stay masked in what the other prints, and are sent.
const secret = first.RequestContext.fromDict({ auth_token: 'the-token-itself' });
assert.doesNotMatch(
  inspect(second.RequestContext.fromDict(secret.toDict())) + JSON.stringify(secret),
  /the-token-itself/,
);
console.log('ok');
