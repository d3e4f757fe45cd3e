// A process of its own, because instrumentation of modules stays: node --import typescript.mjs instrumented-amqplib.ts URL TOPIC.
// Prints the spans of a call and a cast through this library, and those of a bare message through amqplib, as JSON.
import { createRequire } from 'node:module';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const [url = '', topic = ''] = process.argv.slice(2);
const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
new AmqplibInstrumentation().enable();
// Before the library imports it: only what is required afterwards is instrumented.
createRequire(import.meta.url)('amqplib');

const { getRpcClient, getRpcServer, getRpcTransport, Target } = await import('nestjs-oslo-messaging');
const { openTelemetry } = await import('nestjs-oslo-messaging/opentelemetry');
const { withChannel } = await import('../../testkit/amqp.js');

/** Returns the spans that the work makes. */
async function spansOf(work: () => Promise<unknown>): Promise<string[]> {
  exporter.reset();
  await work();
  return exporter.getFinishedSpans().map(({ kind, name }) => `${SpanKind[kind]} ${name.replaceAll(topic, 'TOPIC')}`);
}

const transport = getRpcTransport({ transportUrl: url, instrumentation: [openTelemetry()] });
const endpoint = {
  echo: (_context: object, { n }: { n: number }) => n,
  record: () => endpoint.recorded(),
  recorded: (): void => undefined,
};
const isRecorded = new Promise<void>((resolve) => {
  endpoint.recorded = resolve;
});
const server = getRpcServer(transport, new Target({ topic, server: 's' }), [endpoint]);
await server.start();
const client = getRpcClient(transport, new Target({ topic }));
const ours = await spansOf(async () => {
  await client.call({}, 'echo', { n: 1 });
  await client.cast({}, 'record');
  await isRecorded;
  await server.stop();
});
const bare = await spansOf(() =>
  withChannel(url, async (channel) => channel.publish('', `${topic}.nobody`, Buffer.from('x'))),
);
await transport.cleanup();
console.log(`SPANS ${JSON.stringify({ ours: ours.sort(), bare })}`);
