// A library on top, whose declarations are emitted: every type that it uses without naming it must have a public name.
import { applyDecorators } from '@nestjs/common';
import * as library from 'nestjs-oslo-messaging';
import * as traces from 'nestjs-oslo-messaging/opentelemetry';
import * as metrics from 'nestjs-oslo-messaging/prometheus';
import * as testing from 'nestjs-oslo-messaging/testing';

export const everything = { ...library, ...metrics, ...testing, ...traces };

const { fields, Target } = library;

export const target = () => new Target({ topic: 't' }).with({ version: '1.0' });
export const transport = () => library.getRpcTransport();
export const settings = () => transport().settings;
export const health = () => transport().health();
export const counts = () => transport().counts;
export const status = () => transport().onStatus((_status) => undefined);
export const client = () => library.getRpcClient(transport(), target());
export const backingOff = () => library.getRpcClient(transport(), target(), { clientCls: library.BackingOffClient });
export const prepared = () => client().prepare({ timeout: 5 });
export const called = () => client().call<{ id: number }>({}, 'get');
export const server = () => library.getRpcServer(transport(), target(), [{ echo: () => 1 }]);
export const notifier = () => new library.Notifier(transport()).prepare({ publisherId: 'x' });
export const listener = () => library.getNotificationListener(transport(), [target()], [{ info: () => undefined }]);
export const batches = () =>
  library.getBatchNotificationListener(
    transport(),
    [target()],
    [{ info: (batch) => void batch.map((one) => one.payload) }],
  );
export const connection = () => library.createConnection();
export const service = () => new library.Service('h', 't');
export const proxy = () => new library.OsloClientProxy();
export const strategy = () => new library.OsloServer();
export const sent = () => proxy().send('get', {});
export const record = () => new library.OsloRecord({ id: 1 }, { timeout: 5 });
export const terminus = (oslo: library.OsloMessagingHealth) => oslo.isHealthy('rabbitmq');
export const report = (oslo: library.OsloMessagingHealth) => oslo.check();
export const modules = () => [
  library.OsloMessagingModule.forRoot(),
  library.OsloMessagingModule.forFeature([{ target: { topic: 't' } }, { publisherId: 'x' }]),
];
export const context = (rpc: library.OsloRpcContext) =>
  [rpc.getTarget(), rpc.getRequestContext(), rpc.getSignal(), rpc.getRemainingTime()] as const;
export const current = () => library.getCurrentRequest();
export const givenUp = (signal: AbortSignal) => client().prepare({ signal, propagateDeadlines: false });
export const notification = (one: library.OsloNotificationContext) => one.getMetadata();
export const batch = (many: library.OsloNotificationBatchContext) => many.getNotifications();
export const requestContext = () => library.RequestContext.fromDict({}).elevated();
export const serializer = () => new library.RequestContextSerializer(new library.VersionedObjectSerializer());
export const rethrown = (error: library.RemoteError) => ({ ...error });
export const recorded = (from: library.Transport) => library.recordedNotifications(from);
export const allFields = {
  text: fields.string().nullable(),
  count: fields.integer({ min: 0 }).default(0),
  ratio: fields.float(),
  yes: fields.boolean().readOnly(),
  when: fields.dateTime(),
  state: fields.enum(['ACTIVE', 'ERROR']),
  list: fields.listOf(fields.setOf(fields.dictOf(fields.uuid()))),
  any: fields.any(),
};
export const Owned = () => fields.object(class Owner {});
export const column = (name: string) => library.VersionedField(fields.string(), { name });
export const versioned = () => library.VersionedObject({ version: '1.0' });
export const remote = () => library.RemoteException({ module: 'm' });
export const Method = (name: string) => applyDecorators(library.RpcMethod(name));
export const OnVnf = () => applyDecorators(library.OnNotification({ eventType: 'vnf.*' }));
export const Endpoint = () => applyDecorators(library.RpcEndpoint({ topic: 't' }));
export const Arguments = () => library.RpcArgs();
export const expected = () => library.expectedExceptions(library.MessagingTimeout);
export const fake = () => testing.fakeRpcClient({ add: () => 5 });
export const fakeOne = () => testing.fakeNotifier();
export const broker = () => new testing.TestBroker();
export const fault = () => broker().once('add').drop();
export const rule = () => broker().on({ method: 'add' });
export const records = () => [broker().calls, broker().notifications] as const;
export const traced = () => traces.openTelemetry();
export const instrumented = () => metrics.prometheus();
export const measured = () => metrics.collectMetrics({ rpc: transport() });

export class Client extends library.BackingOffClient {}
export class Serializing extends library.NoOpSerializer {}
export class Failure extends library.MessagingException {}
export class Policy extends library.DefaultRPCAccessPolicy {}
export class Proxying extends library.OsloClientProxy {}
export class Serving extends library.OsloServer {}
