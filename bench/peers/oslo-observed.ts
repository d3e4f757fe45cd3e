import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { OsloMessagingOptions } from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';
import { prometheus } from 'nestjs-oslo-messaging/prometheus';
import { connect, server } from './oslo.js';
import type { Peer } from './peer.js';

/** Sets up an SDK that records every span and exports it to nowhere, in batches. */
function traces(): OsloMessagingOptions {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = {
    export: (_spans: unknown, done: (result: { code: ExportResultCode }) => void) =>
      done({ code: ExportResultCode.SUCCESS }),
    shutdown: () => Promise.resolve(),
  };
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }));
  return { instrumentation: [openTelemetry()] };
}

const metrics = (): OsloMessagingOptions => ({ instrumentation: [prometheus()] });

function all(): OsloMessagingOptions {
  return {
    instrumentation: [openTelemetry, prometheus].map((observe) => observe()),
    slowCallThreshold: '10s',
    clientInterceptors: [(message, next) => next(message)],
  };
}

/** @param make called once: a process that is client and server shares what watches it */
function observed(make: () => OsloMessagingOptions): Peer {
  let made: OsloMessagingOptions | undefined;
  const options = () => {
    made ??= make();
    return made;
  };
  return {
    server: (place) => server(place, options()),
    client: (place) => connect(place, [place.topic], { options: options() }),
  };
}

/** This library, watched. Each peer has processes of its own, and so an SDK and a registry. */
export const peers: Record<string, Peer> = {
  'oslo-observed-traces': observed(traces),
  'oslo-observed-metrics': observed(metrics),
  'oslo-observed-all': observed(() => ({ ...traces(), ...all() })),
};
