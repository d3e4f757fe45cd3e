import 'reflect-metadata';
import { Controller, Get, type MiddlewareConsumer, Module, type NestModule, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { OsloMessagingHealth, OsloMessagingModule, RemoteExceptionFilter } from 'nestjs-oslo-messaging';
import { messaging } from './messaging.js';
import { OrderController } from './order.controller.js';
import { orderApi } from './order-api.js';
import { requestScope } from './request-scope.js';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly messaging: OsloMessagingHealth,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.messaging.isHealthy('rabbitmq')]);
  }
}

@Module({
  imports: [
    TerminusModule,
    OsloMessagingModule.forRoot({ ...messaging, connectOnStart: 'background' }),
    OsloMessagingModule.forFeature([{ api: orderApi }]),
  ],
  controllers: [OrderController, HealthController],
})
class GatewayModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(requestScope).forRoutes('{*path}');
  }
}

const app = await NestFactory.create(GatewayModule, { logger: ['warn', 'error', 'fatal'] });
app.useGlobalPipes(new ValidationPipe({ whitelist: true }));
app.useGlobalFilters(new RemoteExceptionFilter({ OrderNotFound: 404 }));
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
