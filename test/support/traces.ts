import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { PythonSpan } from './python-types.js';

/** Span of any of the processes of a test. */
export interface TracedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  /** `CLIENT`, `SERVER`, `PRODUCER`, `CONSUMER` or `INTERNAL`. */
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Spans that it links to. */
  readonly links: readonly string[];
  /** Message of the status of a failed span. */
  readonly failure: string | undefined;
  readonly exceptions: readonly Readonly<Record<string, unknown>>[];
  readonly process: 'nest' | 'python';
}

/** Sets up OpenTelemetry for a test file, as a user's SDK does, and keeps the spans that end. */
export function useTraces() {
  const exporter = new InMemorySpanExporter();

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterEach(() => exporter.reset());
  afterAll(() => {
    for (const api of [context, propagation, trace]) api.disable();
  });

  return {
    /** Spans that have ended since the test began, in the order of their ends. */
    spans: (): TracedSpan[] => exporter.getFinishedSpans().map(traced),
    /** Runs work as a span of its own. */
    within: async <T>(name: string, work: () => Promise<T>): Promise<T> =>
      trace.getTracer('test').startActiveSpan(name, async (span) => {
        try {
          return await work();
        } finally {
          span.end();
        }
      }),
  };
}

function traced(span: ReadableSpan): TracedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    spanId,
    parentId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: SpanKind[span.kind],
    attributes: span.attributes,
    links: span.links.map(({ context: linked }) => linked.spanId),
    failure: span.status.code === SpanStatusCode.ERROR ? span.status.message : undefined,
    exceptions: span.events.flatMap(({ name, attributes }) => (name === 'exception' ? [attributes ?? {}] : [])),
    process: 'nest',
  };
}

/** Returns spans of Python in the form of the others. */
export function ofPython(spans: readonly PythonSpan[]): TracedSpan[] {
  return spans.map(({ parentId, ...span }) => ({
    ...span,
    parentId: parentId ?? undefined,
    links: [],
    failure: undefined,
    exceptions: [],
    process: 'python',
  }));
}

/** Returns the spans as a tree, one line each. Branches of one span are in the order of their names. */
export function treeOf(spans: readonly TracedSpan[]): string {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const branch = (parentId: string | undefined, indent: string): string[] =>
    spans
      .filter((span) => (parentId === undefined ? !known.has(span.parentId ?? '') : span.parentId === parentId))
      .map((span) => ({ span, line: lineOf(span) }))
      .sort((a, b) => (a.line < b.line ? -1 : 1))
      .flatMap(({ span, line }) => [indent + line, ...branch(span.spanId, `${indent}  `)]);
  return branch(undefined, '').join('\n');
}

function lineOf({ name, kind, process, attributes, failure }: TracedSpan): string {
  const method = attributes['rpc.method'];
  const detail = typeof method === 'string' && !name.includes(method) ? ` (${method})` : '';
  return `${process}: ${kind} ${name}${detail}${failure === undefined ? '' : ` failed: ${failure}`}`;
}
