/** Requests to the Python peer, and its answers. Durations are in seconds, as in Python. */

export interface PythonPeerOptions {
  /** Driver options under their oslo names: `conf.set_override(name, value, group='oslo_messaging_rabbit')`. */
  config?: Record<string, unknown>;
  /** Text of the file that Python is given by `--config-file`. @default none */
  configFile?: string;
  /** True to leave out the options that a denying broker needs. @default false */
  bare?: boolean;
  /** Options of the DEFAULT group, e.g. `rpc_response_timeout`. */
  defaults?: Record<string, unknown>;
  /** `allowed_remote_exmods` of the transport. */
  allowedExmods?: string[];
  /** `rpc_ping_enabled`. @default false */
  rpcPing?: boolean;
  /** @default 'tacker' */
  controlExchange?: string;
  /** Python's log level, on stderr. @default 'WARNING' */
  logLevel?: string;
  /** True to allow {@link PythonHeaders}. @default false */
  extraHeaders?: boolean;
  /** Spans: by the library itself with OpenTelemetry's SDK, or by a stand-in for releases that have none. @default none */
  tracing?: 'sdk' | 'shim';
}

/** Additional AMQP headers of the peer's messages. */
export type PythonHeaders =
  | 'none'
  | 'integer of 32 bits'
  | 'integer of 41 bits'
  | 'largest integer'
  | 'deep table'
  | 'deep array'
  | 'prototype'
  | 'every type'
  | 'many'
  | 'long names';

/** `objects` comes alone. */
export type PythonEndpoint = 'reference' | 'namespaced' | 'legacy' | 'objects' | 'relay';

/** oslo.context's contexts; all but `context` also oslo's versioned objects, in the namespace of that service. */
export type PythonSerializer = 'context' | 'tacker' | 'nova' | 'neutron';

export interface PythonServerOptions {
  topic: string;
  server: string;
  /** Null for that of the configuration. @default 'tacker' */
  exchange?: string | null;
  /** @default all but `objects` and `relay` */
  endpoints?: PythonEndpoint[];
  /** @default none */
  serializer?: PythonSerializer;
}

export interface PythonRequest {
  topic: string;
  method: string;
  args?: Record<string, unknown>;
  context?: Record<string, unknown>;
  /** Null for that of the configuration. @default 'tacker' */
  exchange?: string | null;
  namespace?: string;
  version?: string;
  server?: string;
  fanout?: boolean;
  timeout?: number;
  versionCap?: string;
  retry?: number;
  callMonitorTimeout?: number;
  transportOptions?: { atLeastOnce?: boolean };
  /** With one, `context` are the keywords of oslo.context's RequestContext. @default none */
  serializer?: PythonSerializer;
}

export type PythonPriority = 'audit' | 'debug' | 'info' | 'warn' | 'error' | 'critical' | 'sample';

export interface PythonNotification {
  /** Null for those of the configuration. */
  topic: string | null;
  publisherId: string;
  eventType: string;
  payload: unknown;
  /** @default 'info' */
  priority?: PythonPriority;
  context?: Record<string, unknown>;
  /** Null for those of the configuration. @default 'messagingv2' */
  driver?: 'messaging' | 'messagingv2' | null;
  retry?: number;
  /** Instead of `topic`. */
  topics?: string[];
}

/** `NotificationFilter`'s rules; keys are not nested. */
export interface PythonFilter {
  context?: Record<string, string> | undefined;
  publisherId?: string | undefined;
  eventType?: string | undefined;
  metadata?: Record<string, string> | undefined;
  payload?: Record<string, string> | undefined;
}

export interface PythonFilterCandidate {
  context: Record<string, unknown>;
  publisherId: string | null;
  eventType: string | null;
  metadata: Record<string, unknown>;
  payload: Record<string, unknown>;
}

/** The content of a routing notifier's file: groups, drivers, rules. */
export type PythonRouting = Record<string, Record<string, Record<string, string[]>>>;

/** Span of the Python process. */
export interface PythonSpan {
  traceId: string;
  spanId: string;
  parentId: string | null;
  name: string;
  kind: string;
  attributes: Record<string, unknown>;
}

/** An error to log by a handler that publishes it. */
export interface PythonLogLine {
  url: string;
  topic: string;
  message: string;
}

export interface PythonListenerOptions {
  topics: string[];
  /** @default the control exchange */
  exchange?: string;
  /** @default all of them */
  priorities?: PythonPriority[];
  pool?: string;
  /** Number of notifications (or batches) to requeue before the first is handled. @default 0 */
  requeue?: number;
  /** @default true */
  allowRequeue?: boolean;
  filter?: PythonFilter;
  /** Given, notifications come in batches. */
  batchSize?: number;
  batchTimeout?: number;
}

export interface ReceivedRpc {
  kind: 'rpc';
  server: string;
  method: string;
  args: Record<string, unknown>;
  ctxt: Record<string, unknown>;
  namespace: string | null;
  version: string | null;
  msgId: string | null;
  replyQueue: string | null;
  uniqueId: string | null;
  clientTimeout: number | null;
}

export interface ReceivedNotification {
  kind: 'notification';
  priority: PythonPriority;
  /** Number of its batch at the endpoint; null without batches. */
  batch: number | null;
  publisherId: string;
  eventType: string;
  payload: unknown;
  ctxt: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

export type Received = ReceivedRpc | ReceivedNotification;

export interface Stoppable {
  stop(): Promise<void>;
}
