// Type-checked against the packed declarations, as strictly as a consumer may.
import { Controller, Module } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { ClientsModule, MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import {
  type BackingOffClient,
  InjectNotifier,
  InjectRpcClient,
  type NotificationDetails,
  NotificationEndpoint,
  NotificationLogger,
  NotificationMetadata,
  NotificationPayload,
  NotificationResult,
  type Notifier,
  OnNotification,
  OsloClientProxy,
  OsloMessagingModule,
  type OsloMessagingOptions,
  type OsloMessagingOptionsFactory,
  OsloServer,
  RemoteExceptionFilter,
  RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';

const options: OsloMessagingOptions = { transportUrl: 'memory://', topic: 't', rpcResponseTimeout: '30s' };

@RpcEndpoint({ namespace: 'ns', version: '1.2' })
class Calculator {
  constructor(
    @InjectRpcClient('other') private readonly client: BackingOffClient,
    @InjectNotifier('nfv.host1') private readonly notifier: Notifier,
  ) {}

  @RpcMethod()
  async add(@RpcArgs() args: { a: number; b: number }, @RpcContext() context: RequestContext): Promise<number> {
    const offset: number = await this.client.prepare({ timeout: 2 }).call<number>(context, 'offset', { a: args.a });
    await this.notifier.info(context, 'sum.done', { offset });
    return args.a + args.b + offset;
  }

  @RpcMethod('greet')
  greet(@RpcArg('name') name: string): string {
    return `hello ${name}`;
  }
}

@Controller()
class Plain {
  @MessagePattern('sum')
  sum(args: { values: number[] }): number {
    return args.values.length;
  }
}

@NotificationEndpoint({ topics: ['notifications'], pool: 'log', filter: { payload: { id: /./ } }, allowRequeue: true })
class EventLog {
  @OnNotification({ priority: ['info', 'error'], eventType: ['vnf.*', /^ns\./] })
  on(
    @NotificationPayload('id') id: string,
    @NotificationMetadata() details: NotificationDetails,
    @RpcContext() context: RequestContext,
  ): NotificationResult {
    const known = [details.eventType, details.publisherId, context.userId].every((text) => typeof text === 'string');
    return id && known ? NotificationResult.HANDLED : NotificationResult.REQUEUE;
  }

  @OnNotification({ batch: { size: 100, timeout: '1s' } })
  many(@NotificationPayload() payloads: { id: string }[]): void {
    console.log(payloads.length);
  }
}

class FarOptions implements OsloMessagingOptionsFactory {
  createOsloMessagingOptions(): OsloMessagingOptions {
    return options;
  }
}

@Module({
  imports: [
    ClientsModule.register([{ name: 'PROXY', customClass: OsloClientProxy, options }]),
    OsloMessagingModule.forRoot(options),
    OsloMessagingModule.forRootAsync({ name: 'far', useClass: FarOptions }),
    OsloMessagingModule.forFeature([{ target: new Target({ topic: 'other', version: '1.0' }) }]),
  ],
  controllers: [Calculator, EventLog, Plain],
  providers: [
    NotificationLogger,
    { provide: APP_FILTER, useFactory: () => new RemoteExceptionFilter([['VnfNotFound', 404]]) },
  ],
})
class AppModule {}

export async function main(): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
    strategy: new OsloServer(options),
  });
  app.useLogger(app.get(NotificationLogger));
  await app.listen();
  const client = new OsloClientProxy(options);
  client.send<number, { a: number }>({ method: 'add', namespace: 'ns' }, { a: 1 }).subscribe();
  await app.close();
}
