// Options that a caller passes through: each may be given as undefined, as if it were absent.
import {
  type BatchListenerOptions,
  type ClientOptions,
  type ConsumerOptions,
  type ErrorDetails,
  fields,
  getNotifier,
  type NotificationBatchOptions,
  type NotificationEndpointOptions,
  type NotificationFilterFields,
  type NotificationListenerOptions,
  type NotificationLoggerOptions,
  type NotifierOptions,
  type OnNotificationOptions,
  OsloMessagingModule,
  type OsloMessagingOptions,
  type OsloPattern,
  type OsloRecordOptions,
  objResetChanges,
  type PrepareOptions,
  type RabbitOptions,
  type RemoteExceptionName,
  type RequestContextFields,
  type RoutingRules,
  type RPCServer,
  type RpcClientFeature,
  type RpcEndpointOptions,
  type RpcMethodOptions,
  type ServerOptions,
  type Service,
  type ServiceOptions,
  type TargetFields,
  type TransportOptions,
  type VersionedFieldOptions,
  type VersionedObjectOptions,
  type VersionedObjectSerializerOptions,
} from 'nestjs-oslo-messaging';
import type { OpenTelemetryOptions } from 'nestjs-oslo-messaging/opentelemetry';
import type { MeasuredTransports, MetricsOptions, PrometheusOptions } from 'nestjs-oslo-messaging/prometheus';
import type {
  FakeClientOptions,
  FakeNotifierOptions,
  FaultOptions,
  MessageFilter,
  NotificationExpectation,
  RepetitionOptions,
  RequestExpectation,
  SettleOptions,
  TestBrokerOptions,
} from 'nestjs-oslo-messaging/testing';

/** Optional fields that refuse undefined. */
type Refusing<T> = {
  [K in keyof T]-?: Record<string, never> extends Pick<T, K> ? (undefined extends T[K] ? never : K) : never;
}[keyof T];

/** Compiles where no type of the list has such a field. */
type Accepting<T extends readonly object[]> = { readonly [I in keyof T]: Refusing<T[I]> };

export const refusing: Accepting<
  [
    BatchListenerOptions,
    ClientOptions,
    ConsumerOptions,
    ErrorDetails,
    NonNullable<OsloMessagingOptions['limits']>,
    NotificationBatchOptions,
    NotificationEndpointOptions,
    NotificationFilterFields,
    NotificationListenerOptions,
    NotificationLoggerOptions,
    NotifierOptions,
    OnNotificationOptions,
    OsloMessagingOptions,
    Exclude<OsloPattern, string>,
    OsloRecordOptions,
    PrepareOptions,
    RabbitOptions,
    RemoteExceptionName,
    RequestContextFields,
    RoutingRules,
    RpcClientFeature,
    RpcEndpointOptions,
    RpcMethodOptions,
    ServerOptions,
    ServiceOptions,
    TargetFields,
    TransportOptions,
    VersionedFieldOptions,
    VersionedObjectOptions,
    VersionedObjectSerializerOptions,
    MeasuredTransports,
    MetricsOptions,
    PrometheusOptions,
    OpenTelemetryOptions,
    FakeClientOptions,
    FakeNotifierOptions,
    FaultOptions,
    MessageFilter,
    NotificationExpectation,
    RepetitionOptions,
    RequestExpectation,
    SettleOptions,
    TestBrokerOptions,
  ]
> = [] as never;

/** Options of a caller that may be undefined. */
export interface Maybe {
  timeout?: number | undefined;
  service?: string | undefined;
  host?: string | undefined;
}

export function passThrough({ timeout, host }: Maybe, server: RPCServer, service: Service): void {
  void server.stop({ graceful: undefined });
  void service.stop({ graceful: undefined });
  fields.integer({ min: undefined });
  fields.float({ min: undefined });
  fields.object(Object, { subclasses: undefined });
  objResetChanges({}, { recursive: undefined });
  getNotifier({ service: 's', host, publisherId: undefined });
  OsloMessagingModule.forRootAsync({ imports: [], inject: [], useFactory: () => ({ rpcResponseTimeout: timeout }) });
  OsloMessagingModule.forRootAsync({ name: host, imports: undefined, inject: undefined, useFactory: () => ({}) });
}
