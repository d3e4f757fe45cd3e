// Lines that must not compile. `test/types/types.test.ts` wants an error on each that follows a directive, and on no other.
import { Module } from '@nestjs/common';
import {
  expectedExceptions,
  InjectNotifier,
  InjectRpcClient,
  JsonPayloadSerializer,
  MessagingException,
  MessagingTimeout,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  OnNotification,
  OsloMessagingModule,
  type OsloMessagingOptionsFactory,
  type OsloPattern,
  OsloRecord,
  RemoteError,
  RemoteException,
  RemoteExceptionFilter,
  RequestContextSerializer,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  registerRemoteException,
  Target,
  Transport,
} from 'nestjs-oslo-messaging';
import { collectMetrics } from 'nestjs-oslo-messaging/prometheus';

declare class BrokerOptions implements OsloMessagingOptionsFactory {
  createOsloMessagingOptions(): { topic: string };
}

export function nonsense(transport: Transport, target: Target): void {
  // @ts-expect-error
  OsloMessagingModule.forRoot({ transport: 'memory://' });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({});
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useFactory: () => 'memory://' });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useFactory: () => ({ transport: 'memory://' }) });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useClass: Date });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useExisting: Date });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useClass: BrokerOptions, useFactory: () => ({}) });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useClass: BrokerOptions, inject: ['CONFIG'] });
  // @ts-expect-error
  OsloMessagingModule.forRootAsync({ useClass: BrokerOptions, useExisting: BrokerOptions });
  // @ts-expect-error
  new RemoteExceptionFilter({ VnfNotFound: '404' });
  // @ts-expect-error
  new RemoteExceptionFilter([[Date, 404]]);
  // @ts-expect-error
  new RemoteExceptionFilter(['VnfNotFound']);
  // @ts-expect-error
  new RemoteExceptionFilter({}, { unmaped: 500 });
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
  collectMetrics({ rpc: {} });
  // @ts-expect-error
  collectMetrics({ rpcs: transport });
  // @ts-expect-error
  collectMetrics({ rpc: transport }, { prefx: 'x' });
}

export class Decorated {
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
export class HalfASerializer extends RequestContextSerializer implements Missing {}

interface Missing {
  serializeNothing(): void;
}

// @ts-expect-error
@Module({ providers: [OsloMessagingModule.forRoot({ topic: 5 })] })
export class WrongModule {}
