// Lines that must compile.
import { applyDecorators, ParseIntPipe } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import {
  type BackingOffClient,
  type BatchListenerEndpoint,
  type Endpoint,
  expectedExceptions,
  expose,
  fields,
  getBatchNotificationListener,
  getCurrentRequestContext,
  getNotificationListener,
  getRpcServer,
  InjectNotifier,
  InjectRpcClient,
  type ListenerEndpoint,
  MessagingException,
  MessagingTimeout,
  type NotificationDetails,
  NotificationEndpoint,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  type Notifier,
  OnNotification,
  OsloClientProxy,
  OsloMessagingModule,
  type OsloMessagingOptions,
  type OsloMessagingOptionsFactory,
  OsloRecord,
  RemoteException,
  RemoteExceptionFilter,
  RequestContext,
  RequestContextSerializer,
  RPCAccessPolicyBase,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Serializer,
  Target,
  type Transport,
  VersionedField,
  VersionedObject,
} from 'nestjs-oslo-messaging';
import { type Observable, of } from 'rxjs';

class Upper extends Serializer {
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return entity;
  }
  override deserializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return entity;
  }
  override serializeContext(): Record<string, unknown> {
    return {};
  }
  override deserializeContext(ctxt: Record<string, unknown>): RequestContext {
    return RequestContext.fromDict(ctxt);
  }
}

class Policy extends RPCAccessPolicyBase {
  override isAllowed(_endpoint: object, method: string): boolean {
    return method !== 'secret';
  }
}

export const options: OsloMessagingOptions[] = [
  { serializer: new Upper(), accessPolicy: Policy },
  { serializer: new RequestContextSerializer(new Upper()), accessPolicy: new Policy() },
  { logger: { debug: () => undefined, log: console.log, warn: console.warn, error: console.error } },
  { notificationRouting: { group: { log: null, messagingv2: { acceptedEvents: ['vnf.*'] } } } },
  { notificationRouting: '/etc/routing.yaml', notificationDriver: ['routing', 'log'] as const },
  { rpcResponseTimeout: '30s', limits: { bodyBytes: 1 }, rabbit: { profile: 'rabbitmq-4' } },
];

class Plain {
  readonly target = new Target({ version: '1.1' });
  private readonly seen: number[] = [];

  @expose()
  @expectedExceptions(MessagingTimeout, RangeError)
  echo(_ctxt: RequestContext, args: { n: number }): number {
    return this.seen.push(args.n);
  }
}

class Untargeted {
  echo(): number {
    return 1;
  }
}

class Listening implements ListenerEndpoint {
  info(_ctxt: RequestContext, _publisher: string, _type: string, payload: { id: string }): NotificationResult {
    return payload.id ? NotificationResult.HANDLED : NotificationResult.REQUEUE;
  }
  async error(): Promise<void> {}
}

const batching: BatchListenerEndpoint = { sample: async (batch) => (batch.length > 1 ? 'requeue' : undefined) };

export function plain(transport: Transport, target: Target, given: readonly Endpoint[], args: Record<string, unknown>) {
  getRpcServer(transport, target, [new Plain(), new Untargeted(), { add: () => 1, seen: [] }, ...given]);
  getNotificationListener(transport, [target], [new Listening(), { warn: () => undefined }]);
  getNotificationListener(transport, [target], [batching], { batchSize: 10, batchTimeout: '1s' });
  getBatchNotificationListener(transport, [target], [batching], { pool: undefined });
  new OsloRecord(args, { context: getCurrentRequestContext(), timeout: undefined });
  new OsloClientProxy({ topic: 't' }).send<number>({ method: 'add', fanout: false }, { a: 1 }).subscribe();
}

@RemoteException({ module: 'tacker.common.exceptions' })
export class VnfNotFound extends MessagingException {
  constructor(readonly id: string) {
    super(`VNF ${id}`);
  }
}

@VersionedObject({ version: '1.0' })
export class Owner {
  @VersionedField(fields.string())
  name!: string;
}

@VersionedObject({ version: '1.2', name: 'Vnf', namespace: 'tacker' })
export class Vnf {
  @VersionedField(fields.uuid().readOnly())
  readonly id!: string;

  @VersionedField(fields.string().nullable())
  name!: string | null;

  @VersionedField(fields.string().nullable())
  description?: string | null;

  @VersionedField(fields.string())
  region?: string;

  @VersionedField(fields.integer())
  size!: number | bigint;

  @VersionedField(fields.integer())
  count!: number;

  @VersionedField(fields.setOf(fields.integer()))
  ports!: Set<number>;

  @VersionedField(fields.dictOf(fields.integer()))
  sizes!: Record<string, number>;

  @VersionedField(fields.enum(['ACTIVE', 'ERROR']).default('ACTIVE'))
  status!: 'ACTIVE' | 'ERROR';

  @VersionedField(fields.object(Owner).nullable())
  owner!: Owner | null;

  @VersionedField(fields.listOf(fields.object(() => Owner)))
  owners!: Owner[];

  @VersionedField(fields.any())
  anything!: { free: string };

  @VersionedField(fields.dateTime().nullable(), { name: 'created_at' })
  createdAt!: Date | null;
}

const Composed = () => applyDecorators(OnNotification({ eventType: 'x' }), RpcMethod('x'));

@RpcEndpoint({ topic: 't', version: '1.2', acceptedNamespaces: [undefined, 'old'] })
@NotificationEndpoint({ topics: ['notifications'], filter: { payload: { id: /./ } } })
export class Both {
  constructor(
    @InjectRpcClient('other') readonly client: BackingOffClient,
    @InjectNotifier() readonly notifier: Notifier,
  ) {}

  @RpcMethod({ expectedExceptions: [VnfNotFound, Error], delivery: 'at-least-once' })
  add(
    @RpcArgs() args: { a: number },
    @RpcArg('a', ParseIntPipe) a: number,
    @RpcContext() _ctxt: RequestContext,
  ): number {
    return args.a + a;
  }

  @OnNotification({ priority: ['info', 'error'], eventType: ['vnf.*', /^ns/] })
  on(@NotificationPayload('id') id: string, @NotificationMetadata() _details: NotificationDetails): NotificationResult {
    return id ? 'handled' : 'requeue';
  }

  @OnNotification({ batch: { size: 10 } })
  async many(@NotificationPayload() _payloads: unknown[]): Promise<void> {}

  @OnNotification()
  stream(): Observable<NotificationResult> {
    return of(NotificationResult.REQUEUE);
  }

  @OnNotification()
  literal() {
    return Math.random() > 1 ? NotificationResult.REQUEUE : undefined;
  }

  @OnNotification()
  never(): never {
    throw new Error('never');
  }

  @Composed()
  composed(): void {}
}

class BrokerOptions implements OsloMessagingOptionsFactory {
  createOsloMessagingOptions = async () => ({ topic: 't' });
}

abstract class AnyOptions implements OsloMessagingOptionsFactory {
  abstract createOsloMessagingOptions(): OsloMessagingOptions;
}

export const filters = [
  new RemoteExceptionFilter(),
  new RemoteExceptionFilter({ VnfNotFound: 404, 'a.b.Conflict': 409 }, { details: false, unmapped: undefined }),
  new RemoteExceptionFilter([['VnfNotFound', 404] as const, [MessagingTimeout, 408]]),
  new RemoteExceptionFilter(new Map([[MessagingTimeout, 408]])),
];

export const modules = [
  OsloMessagingModule.forRootAsync({ useClass: BrokerOptions, imports: [], extraProviders: [BrokerOptions] }),
  OsloMessagingModule.forRootAsync({ useExisting: BrokerOptions, name: 'far' }),
  OsloMessagingModule.forRootAsync({ useExisting: AnyOptions }),
  OsloMessagingModule.forRootAsync({ useExisting: Symbol('options') }),
  OsloMessagingModule.forFeature([{ target: new Target({ topic: 't' }), timeout: '5s', token: Symbol('t') }]),
  OsloMessagingModule.forFeature([{ target: { topic: 't' } }, { publisherId: 'x' }]),
  OsloMessagingModule.forRootAsync({ inject: ['CONFIG'], useFactory: async (topic: string) => ({ topic }) }),
  ClientsModule.register([{ name: 'OSLO', customClass: OsloClientProxy, options: { topic: 't' } }]),
];
