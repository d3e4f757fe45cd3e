// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import {
  BackingOffClient,
  Connection,
  DefaultRPCAccessPolicy,
  getClient,
  getNotifier,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  getServer,
  init,
  JsonPayloadSerializer,
  MessagingTimeout,
  NotificationListener,
  OsloClientProxy,
  OsloMessagingHealth,
  type OsloMessagingOptions,
  OsloRpcContext,
  OsloServer,
  RequestContext,
  RequestContextSerializer,
  RPCClient,
  RPCServer,
  Service,
  Target,
  Transport,
} from 'nestjs-oslo-messaging';

export function nonsense(transport: Transport, target: Target, client: BackingOffClient): void {
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
}
