import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import {
  OsloMessagingHealth,
  OsloMessagingModule,
  OsloServer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';

@RpcEndpoint({ version: '1.0' })
class Orders {
  @RpcMethod()
  async pack(@RpcArg('id') id: number, @RpcArg('seconds') seconds: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000)); // the work
    return `packed ${id}`;
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly messaging: OsloMessagingHealth,
  ) {}

  @Get('live') // the process answers; a restart would not bring back a broker
  live(): string {
    return 'ok';
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.messaging.isHealthy('rabbitmq')]);
  }
}

@Module({
  imports: [
    TerminusModule,
    OsloMessagingModule.forRoot({
      topic: 'orders',
      host: 'orders', // the same in all pods: each other name would leave a queue behind
      connectionName: process.env.HOSTNAME ?? 'orders', // the pod
      drainTimeout: process.env.DRAIN_TIMEOUT ?? '20s',
      rpcResponseTimeout: '30s',
    }),
  ],
  controllers: [Orders, HealthController],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true }); // exit code 0 after a shutdown
  await app.init();
  app.connectMicroservice({ strategy: app.get(OsloServer) }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(process.env.PORT ?? 3000);
  console.log(`Listening on ${await app.getUrl()}`);
}

void bootstrap();
