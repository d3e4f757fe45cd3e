import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  type BackingOffClient,
  getRpcClientToken,
  InjectNotifier,
  InjectRpcClient,
  NotificationEndpoint,
  type Notifier,
  OnNotification,
  OsloMessagingModule,
  OsloServer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';

// The SDK is yours. This one keeps the spans in memory.
const spans = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));

@RpcEndpoint({ topic: 'api' })
class Api {
  constructor(@InjectRpcClient('conductor') private readonly conductor: BackingOffClient) {}

  @RpcMethod()
  scale(@RpcArg('name') name: string): Promise<unknown> {
    return this.conductor.call(undefined, 'scale', { name });
  }
}

@RpcEndpoint({ topic: 'conductor' })
class Conductor {
  constructor(
    @InjectRpcClient('agent') private readonly agent: BackingOffClient,
    @InjectNotifier() private readonly notifier: Notifier,
  ) {}

  @RpcMethod()
  async scale(@RpcArg('name') name: string): Promise<unknown> {
    const host = await this.agent.call(undefined, 'place', { name });
    await this.notifier.info(undefined, 'vnf.scaled', { name, host });
    return host;
  }
}

@RpcEndpoint({ topic: 'agent' })
class Agent {
  @RpcMethod()
  place(@RpcArg('name') name: string): string {
    return `host1 for ${name}`;
  }
}

@NotificationEndpoint({ topics: ['notifications'] })
class Billing {
  @OnNotification({ eventType: 'vnf.scaled' })
  scaled(): void {}
}

@Module({
  imports: [
    OsloMessagingModule.forRoot({
      transportUrl: process.env.TRANSPORT_URL || 'memory://',
      instrumentation: [openTelemetry()],
    }),
    OsloMessagingModule.forFeature(['api', 'conductor', 'agent'].map((topic) => ({ target: new Target({ topic }) }))),
  ],
  controllers: [Api, Conductor, Agent, Billing],
})
class AppModule {}

/** Prints the spans below a span, each with its kind. */
function print(parentId: string | undefined, indent: string): void {
  for (const span of spans.getFinishedSpans()) {
    if (span.parentSpanContext?.spanId !== parentId) continue;
    console.log(`${indent}${SpanKind[span.kind]} ${span.name}`);
    print(span.spanContext().spanId, `${indent}  `);
  }
}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.connectMicroservice({ strategy: app.get(OsloServer) });
  await app.startAllMicroservices();
  const api = app.get<BackingOffClient>(getRpcClientToken('api'));
  console.log(await api.call({ request_id: 'req-1' }, 'scale', { name: 'vnf1' }));
  await app.close();
  print(undefined, '');
}

void bootstrap();
