// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import { Module } from '@nestjs/common';
import {
  BackingOffClient,
  type BatchedNotification,
  Connection,
  DefaultRPCAccessPolicy,
  expectedExceptions,
  fields,
  getBatchNotificationListener,
  getClient,
  getNotificationListener,
  getNotifier,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  getServer,
  InjectNotifier,
  InjectRpcClient,
  init,
  JsonPayloadSerializer,
  type ListenerEndpoint,
  MessagingException,
  MessagingTimeout,
  NotificationEndpoint,
  NotificationFilter,
  NotificationListener,
  NotificationLogger,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  Notifier,
  OnNotification,
  OsloClientProxy,
  OsloMessagingHealth,
  OsloMessagingModule,
  type OsloMessagingOptions,
  type OsloPattern,
  OsloRecord,
  OsloRpcContext,
  OsloServer,
  objVersion,
  RemoteError,
  RemoteException,
  RequestContext,
  RequestContextSerializer,
  type RoutingConfig,
  RPCClient,
  RPCServer,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  registerRemoteException,
  Service,
  Target,
  Transport,
  VersionedField,
  VersionedObject,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import { collectMetrics } from 'nestjs-oslo-messaging/prometheus';

export function nonsense(transport: Transport, target: Target, client: BackingOffClient, notifier: Notifier): void {
  const options = (given: OsloMessagingOptions) => given;
  // @ts-expect-error
  options({ transportUr: 'memory://' });
  // @ts-expect-error
  options({ transportUrl: 5 });
  // @ts-expect-error
  options({ transportUrl: null });
  // @ts-expect-error
  options({ rpcResponseTimeout: true });
  // @ts-expect-error
  options({ rpcResponseTimeout: { seconds: 5 } });
  // @ts-expect-error
  options({ serializer: {} });
  // @ts-expect-error
  options({ serializer: JsonPayloadSerializer });
  // @ts-expect-error
  options({ serializer: 'json' });
  // @ts-expect-error
  options({ accessPolicy: {} });
  // @ts-expect-error
  options({ accessPolicy: Date });
  // @ts-expect-error
  options({ delivery: 'exactly-once' });
  // @ts-expect-error
  options({ notificationDriver: 'pigeon' });
  // @ts-expect-error
  options({ notificationDriver: ['log', 'pigeon'] });
  // @ts-expect-error
  options({ notificationTopics: 'notifications' });
  // @ts-expect-error
  options({ notificationRouting: { group: { log: { acceptedEvent: ['x'] } } } });
  // @ts-expect-error
  options({ notificationRouting: 5 });
  // @ts-expect-error
  options({ notificationContext: 'none' });
  // @ts-expect-error
  options({ logger: {} });
  // @ts-expect-error
  options({ logger: console.log });
  // @ts-expect-error
  options({ limits: { bodyByte: 1 } });
  // @ts-expect-error
  options({ limits: { pendingCalls: '1' } });
  // @ts-expect-error
  options({ limits: 5 });
  // @ts-expect-error
  options({ rabbit: { amqpDurableQueue: true } });
  // @ts-expect-error
  options({ rabbit: { kombuCompression: 'lz4' } });
  // @ts-expect-error
  options({ rabbit: { sslVersion: 'SSLv3' } });
  // @ts-expect-error
  options({ rabbit: { rabbitQosPrefetchCount: '10' } });
  // @ts-expect-error
  options({ rabbit: { profile: 'rabbitmq-5' } });
  // @ts-expect-error
  options({ allowedRemoteExmods: 'tacker' });
  // @ts-expect-error
  options({ rpcPingEnabled: 'yes' });
  // @ts-expect-error
  options({ concurrency: '64' });
  // @ts-expect-error
  options({ host: ['h1'] });
  // @ts-expect-error
  getRpcTransport('memory://');
  // @ts-expect-error
  getRpcTransport({ url: 'memory://' });
  // @ts-expect-error
  init({ topics: ['t'] });
  // @ts-expect-error
  new Transport();
  // @ts-expect-error
  new OsloServer({ transportURL: 'memory://' });
  // @ts-expect-error
  new OsloServer('memory://');
  // @ts-expect-error
  new OsloClientProxy({ topics: 't' });
  // @ts-expect-error
  new OsloClientProxy('memory://');
  // @ts-expect-error
  new OsloMessagingHealth();
  // @ts-expect-error
  new OsloRpcContext();
  // @ts-expect-error
  new NotificationListener(transport);
  // @ts-expect-error
  new RPCServer(transport);
  // @ts-expect-error
  new Target({ topci: 't' });
  // @ts-expect-error
  new Target('t');
  // @ts-expect-error
  new Target({ topic: 5 });
  // @ts-expect-error
  new Target({ topic: null });
  // @ts-expect-error
  new Target({ version: 1.1 });
  // @ts-expect-error
  new Target({ fanout: 'yes' });
  // @ts-expect-error
  new Target({ acceptedNamespaces: 'ns' });
  // @ts-expect-error
  target.with({ topci: 't' });
  // @ts-expect-error
  target.topic = 't';
  // @ts-expect-error
  new RPCClient(transport, { topic: 't' });
  // @ts-expect-error
  new RPCClient(target, transport);
  // @ts-expect-error
  new BackingOffClient(transport);
  // @ts-expect-error
  new BackingOffClient(transport, target, { timout: 5 });
  // @ts-expect-error
  new BackingOffClient(transport, target, { retry: 'for ever' });
  // @ts-expect-error
  new BackingOffClient(transport, target, { serializer: {} });
  // @ts-expect-error
  new BackingOffClient(transport, target, { versionCap: 1.1 });
  // @ts-expect-error
  new BackingOffClient(transport, target, { transportOptions: { atLeastOne: true } });
  // @ts-expect-error
  BackingOffClient.setMaxTimeout();
  // @ts-expect-error
  BackingOffClient.setMaxTimeout(true);
  // @ts-expect-error
  getRpcClient(transport, target, { clientCls: Date });
  // @ts-expect-error
  getRpcClient(transport, target, { clientClass: BackingOffClient });
  // @ts-expect-error
  getRpcClient(transport, target, { timout: 5 });
  // @ts-expect-error
  getRpcClient(transport, 't');
  // @ts-expect-error
  client.prepare({ timout: 5 });
  // @ts-expect-error
  client.prepare({ serializer: new JsonPayloadSerializer() });
  // @ts-expect-error
  client.prepare({ acceptedNamespaces: ['a'] });
  // @ts-expect-error
  client.prepare({ fanout: 'true' });
  // @ts-expect-error
  client.prepare('t');
  // @ts-expect-error
  client.call('method', { a: 1 });
  // @ts-expect-error
  client.call({}, 'method', 5);
  // @ts-expect-error
  client.call({}, 'method', 'text');
  // @ts-expect-error
  client.call({}, 5, {});
  // @ts-expect-error
  client.call<number>({}, 'method').then((result: string) => result);
  // @ts-expect-error
  client.cast({}, 'method', 5);
  // @ts-expect-error
  client.cast({});
  // @ts-expect-error
  client.canSendVersion(1.1);
  // @ts-expect-error
  client.timeout = 5;
  // @ts-expect-error
  getRpcServer(transport, target, {});
  // @ts-expect-error
  getRpcServer(transport, target, [5]);
  // @ts-expect-error
  getRpcServer(transport, target, [MessagingTimeout]);
  // @ts-expect-error
  getRpcServer(transport, target, [{ target: 't', echo: () => 1 }]);
  // @ts-expect-error
  getRpcServer(transport, target, [{}], { serialiser: new JsonPayloadSerializer() });
  // @ts-expect-error
  getRpcServer(transport, target, [{}], { serializer: {} });
  // @ts-expect-error
  getRpcServer(transport, target, [{}], { accessPolicy: {} });
  // @ts-expect-error
  getRpcServer(transport, target, [{}], { accessPolicy: 'default' });
  // @ts-expect-error
  getServer(target, [{}], { accessPolicy: DefaultRPCAccessPolicy });
  // @ts-expect-error
  getServer(target, [Date]);
  // @ts-expect-error
  getClient(target, { timeout: 5 });
  // @ts-expect-error
  getClient({ topic: 't' });
  // @ts-expect-error
  getNotifier({});
  // @ts-expect-error
  getNotifier({ host: 'h1' });
  // @ts-expect-error
  getNotifier({ servce: 'nfv' });
  // @ts-expect-error
  getNotifier('nfv.h1');
  // @ts-expect-error
  new Connection().createConsumer('t', {});
  // @ts-expect-error
  new Connection().createConsumer(target, [{}]);
  // @ts-expect-error
  new Connection().createConsumer('t', [{}], { fanot: true });
  // @ts-expect-error
  new Connection().createConsumer('t', [{}], { serializer: {} });
  // @ts-expect-error
  new Service('h1');
  // @ts-expect-error
  new Service('h1', 't', { manger: {} });
  // @ts-expect-error
  new Service('h1', 't', { manager: 5 });
  // @ts-expect-error
  new Service('h1', 't', { manager: Date });
  // @ts-expect-error
  new Service('h1', 't').stop({ gracefull: false });
  // @ts-expect-error
  new Notifier(transport, { publisher: 'x' });
  // @ts-expect-error
  new Notifier(transport, { driver: 'messagingv3' });
  // @ts-expect-error
  new Notifier(transport, { topics: 'notifications' });
  // @ts-expect-error
  new Notifier(transport, { serializer: {} });
  // @ts-expect-error
  new Notifier(transport, { context: 'none' });
  // @ts-expect-error
  new Notifier(transport, { routing: { group: { log: { rejectedEvent: [] } } } });
  // @ts-expect-error
  new Notifier('rabbit://');
  // @ts-expect-error
  notifier.info({}, 'x');
  // @ts-expect-error
  notifier.info({}, 5, {});
  // @ts-expect-error
  notifier.notice({}, 'x', {});
  // @ts-expect-error
  notifier.prepare({ publisherID: 'x' });
  // @ts-expect-error
  notifier.prepare({ driver: 'log' });
  // @ts-expect-error
  getNotificationListener(transport, target, []);
  // @ts-expect-error
  getNotificationListener(transport, [{ topic: 't' }], []);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ infos: () => undefined }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: 5 }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: () => 'REQUEUE' }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: () => 'requeue ' }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: async () => true }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: () => false }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ info: (_ctxt: number, _publisher: number) => undefined }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [{ filterRule: {} }]);
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { allowRequeu: true });
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { pool: 5 });
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { serializer: {} });
  // @ts-expect-error
  getNotificationListener(transport, [target], [], { batchSize: '5' });
  // @ts-expect-error
  getBatchNotificationListener(transport, [target], [{ info: (_one: BatchedNotification) => undefined }]);
  // @ts-expect-error
  getBatchNotificationListener(transport, [target], [{ info: () => 'REQUEUE' }]);
  const endpoint: ListenerEndpoint = { info: () => NotificationResult.REQUEUE };
  // @ts-expect-error
  endpoint.info = () => 'REQUEUE';
  // @ts-expect-error
  const _result: NotificationResult = 'REQUEUE';
  // @ts-expect-error
  const _routing: RoutingConfig = { group: { log: 'all' } };
  // @ts-expect-error
  new NotificationFilter({ event_type: 'x' });
  // @ts-expect-error
  new NotificationFilter({ eventType: 5 });
  // @ts-expect-error
  new NotificationFilter({ payload: 'x' });
  // @ts-expect-error
  new NotificationLogger(notifier, { level: ['error'] });
  // @ts-expect-error
  new NotificationLogger(notifier, { levels: ['loud'] });
  // @ts-expect-error
  new NotificationLogger(notifier, { format: 'json' });
  // @ts-expect-error
  new NotificationLogger(transport);
  // @ts-expect-error
  OsloMessagingModule.forRoot({ transport: 'memory://' });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({});
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useFactory: () => 'memory://' });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useFactory: () => ({ transport: 'memory://' }) });
  // @ts-expect-error
  OsloMessagingModule.forFeature({ target: { topic: 't' } });
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ topic: 't' }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ target: 't' }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ target: { topci: 't' } }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ target: { topic: 't' }, timout: 5 }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ target: { topic: 't' }, serializer: {} }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ target: { topic: 't' }, token: 5 }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ publisherId: 'x', timeout: 5 }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ publisherId: 'x', target: { topic: 't' } }]);
  // @ts-expect-error
  OsloMessagingModule.forFeature([{ publisherId: 5 }]);
  // @ts-expect-error
  new OsloRecord(5);
  // @ts-expect-error
  new OsloRecord({}, { timout: 5 });
  // @ts-expect-error
  new OsloRecord({}, { serializer: new JsonPayloadSerializer() });
  // @ts-expect-error
  const _pattern: OsloPattern = { topic: 't' };
  // @ts-expect-error
  const _misspelt: OsloPattern = { method: 'm', topci: 't' };
  // @ts-expect-error
  const _capped: OsloPattern = { method: 'm', versionCap: '1.0' };
  // @ts-expect-error
  RpcEndpoint({ topci: 't' });
  // @ts-expect-error
  RpcEndpoint({ server: 'h1' });
  // @ts-expect-error
  RpcEndpoint({ version: 1.1 });
  // @ts-expect-error
  RpcEndpoint('t');
  // @ts-expect-error
  RpcMethod({ nam: 'm' });
  // @ts-expect-error
  RpcMethod(5);
  // @ts-expect-error
  RpcMethod({ delivery: 'exactly-once' });
  // @ts-expect-error
  RpcMethod({ expectedExceptions: MessagingTimeout });
  // @ts-expect-error
  RpcMethod({ expectedExceptions: [Date] });
  // @ts-expect-error
  RpcMethod({ expectedExceptions: ['NotFound'] });
  // @ts-expect-error
  expectedExceptions(Date);
  // @ts-expect-error
  expectedExceptions('NotFound');
  // @ts-expect-error
  RpcArg();
  // @ts-expect-error
  RpcArg(5);
  // @ts-expect-error
  RpcArg('name', 5);
  // @ts-expect-error
  RpcArgs('name');
  // @ts-expect-error
  RpcContext('userId');
  // @ts-expect-error
  InjectRpcClient();
  // @ts-expect-error
  InjectRpcClient(5);
  // @ts-expect-error
  InjectNotifier(5);
  // @ts-expect-error
  NotificationEndpoint({ topic: 't' });
  // @ts-expect-error
  NotificationEndpoint({ topics: 't' });
  // @ts-expect-error
  NotificationEndpoint({ filter: { event: 'x' } });
  // @ts-expect-error
  NotificationEndpoint({ allowRequeue: 'yes' });
  // @ts-expect-error
  OnNotification('vnf.*');
  // @ts-expect-error
  OnNotification({ event: 'vnf.*' });
  // @ts-expect-error
  OnNotification({ priority: 'loud' });
  // @ts-expect-error
  OnNotification({ eventType: 5 });
  // @ts-expect-error
  OnNotification({ batch: 10 });
  // @ts-expect-error
  OnNotification({ batch: { timeout: 5 } });
  // @ts-expect-error
  OnNotification({ batch: { size: 10, timout: 5 } });
  // @ts-expect-error
  NotificationPayload(5);
  // @ts-expect-error
  NotificationMetadata('topic');
  // @ts-expect-error
  RemoteException({});
  // @ts-expect-error
  RemoteException({ module: 'm', clas: 'C' });
  // @ts-expect-error
  RemoteException('m.C');
  // @ts-expect-error
  registerRemoteException(Date, { module: 'm' });
  // @ts-expect-error
  registerRemoteException(MessagingTimeout, 'm');
  // @ts-expect-error
  new RemoteError('NotFound');
  // @ts-expect-error
  new MessagingException();
  // @ts-expect-error
  new MessagingException('x', { targt: target });
  // @ts-expect-error
  new RequestContext({ user_id: 'u' });
  // @ts-expect-error
  new RequestContext({ roles: 'admin' });
  // @ts-expect-error
  new RequestContext({ isAdmin: 'yes' });
  // @ts-expect-error
  new RequestContext().userId = 'u';
  // @ts-expect-error
  RequestContext.fromDict('u');
  // @ts-expect-error
  new RequestContextSerializer({});
  // @ts-expect-error
  new RequestContextSerializer(JsonPayloadSerializer);
  // @ts-expect-error
  new VersionedObjectSerializer({ namespce: 'tacker' });
  // @ts-expect-error
  new VersionedObjectSerializer({ versions: ['1.0'] });
  // @ts-expect-error
  objVersion('Vnf');
  // @ts-expect-error
  fields.string().nullabe();
  // @ts-expect-error
  fields.string().default(5);
  // @ts-expect-error
  fields.string().default(null);
  // @ts-expect-error
  fields.integer({ minimum: 0 });
  // @ts-expect-error
  fields.integer({ min: '0' });
  // @ts-expect-error
  fields.float({ max: 1 });
  // @ts-expect-error
  fields.enum('ACTIVE');
  // @ts-expect-error
  fields.enum(['ACTIVE']).default('GONE');
  // @ts-expect-error
  fields.object({});
  // @ts-expect-error
  fields.object(MessagingException);
  // @ts-expect-error
  fields.object(Owner, { subclass: true });
  // @ts-expect-error
  fields.listOf(String);
  // @ts-expect-error
  fields.listOf(fields.integer()).default(['a']);
  // @ts-expect-error
  fields.dictOf(Owner);
  // @ts-expect-error
  VersionedField(String);
  // @ts-expect-error
  VersionedField(fields.string(), { nam: 'x' });
  // @ts-expect-error
  VersionedObject({});
  // @ts-expect-error
  VersionedObject({ version: 1 });
  // @ts-expect-error
  VersionedObject({ version: '1.0', nmae: 'Vnf' });
  // @ts-expect-error
  collectMetrics({ rpc: {} });
  // @ts-expect-error
  collectMetrics({ rpcs: transport });
  // @ts-expect-error
  collectMetrics({ rpc: transport }, { prefx: 'x' });
}

export class Owner {
  name = '';
}

export class Decorated {
  // @ts-expect-error
  @VersionedField(fields.string().nullable())
  name!: string;

  // @ts-expect-error
  @VersionedField(fields.string())
  size!: number;

  // @ts-expect-error
  @VersionedField(fields.enum(['ACTIVE', 'ERROR']))
  status!: 'ACTIVE';

  // @ts-expect-error
  @VersionedField(fields.enum(['ACTIVE', 'ERROR']))
  state!: 'ACTIVE' | 'ERROR' | 'GONE';

  // @ts-expect-error
  @VersionedField(fields.dateTime())
  createdAt!: string;

  // @ts-expect-error
  @VersionedField(fields.string())
  maybe!: string | null;

  // @ts-expect-error
  @VersionedField(fields.listOf(fields.string().nullable()))
  names!: string[];

  // @ts-expect-error
  @VersionedField(fields.listOf(fields.string()))
  set!: Set<string>;

  // @ts-expect-error
  @VersionedField(fields.dictOf(fields.integer()))
  sizes!: Record<string, string>;

  // @ts-expect-error
  @VersionedField(fields.object(Owner).nullable())
  owner!: Owner;

  // @ts-expect-error
  @VersionedField(fields.string())
  method(): string {
    return '';
  }

  // @ts-expect-error
  @RpcMethod()
  property = 5;

  // @ts-expect-error
  @OnNotification()
  shout(): string {
    return 'REQUEUE';
  }

  // @ts-expect-error
  @OnNotification()
  async later(): Promise<string> {
    return 'REQUEUE';
  }

  // @ts-expect-error
  @OnNotification()
  flag(): boolean {
    return true;
  }

  // @ts-expect-error
  @RpcEndpoint()
  endpoint(): void {}

  // @ts-expect-error
  @NotificationEndpoint()
  listener(): void {}

  // @ts-expect-error
  @RpcArgs()
  args: unknown;
}

// @ts-expect-error
@RpcMethod()
export class NoMethod {}

// @ts-expect-error
@OnNotification()
export class NoMethodEither {}

// @ts-expect-error
@RemoteException({ module: 'm' })
export class NoError {}

// @ts-expect-error
@VersionedObject({ version: '1.0' })
export class NeedsArguments {
  constructor(readonly name: string) {}
}

// @ts-expect-error
export class HalfASerializer extends RequestContextSerializer implements Missing {}

interface Missing {
  serializeNothing(): void;
}

// @ts-expect-error
@Module({ providers: [OsloMessagingModule.forRoot({ topic: 5 })] })
export class WrongModule {}
