export type {
  RpcApiMethod,
  RpcApiMethodOptions,
  RpcCall,
  RpcCallOptions,
  RpcCallSchemas,
  RpcCast,
  RpcCastOptions,
  RpcCastSchemas,
  RpcFallback,
  RpcMethodDefinition,
  RpcMethodKind,
  RpcMethodTypes,
} from './contracts/api-method.js';
export type {
  IsSendableRpcMethod,
  RpcApiArgs,
  RpcApiClient,
  RpcApiClientMembers,
  RpcApiClientMethod,
  RpcApiClientMethods,
  RpcApiClientOptions,
  RpcApiMethodsOf,
  RpcApiPrepareOptions,
  RpcApiRequestOptions,
  RpcApiResult,
  RpcApiRetryPolicy,
  RpcMethodOfUnknownVersion,
  RpcMethodTypesOf,
} from './contracts/client-types.js';
export { call, cast } from './contracts/define-method.js';
export { defineRpcApi, type RpcApiDefinition } from './contracts/define-rpc-api.js';
export { InvalidArguments, InvalidResult, type SchemaIssue } from './contracts/errors.js';
export type { RpcReservedNames } from './contracts/reserved-keys.js';
export { isRpcApi, type RpcApi, type RpcApiMethods, type RpcVersionAliases } from './contracts/rpc-api.js';
export { getRpcApiClient } from './contracts/rpc-api-client.js';
export type { DecimalOrder, IsWithinRpcCap, RpcCapVersion } from './contracts/version-types.js';
export type { AccessPolicy } from './core/access-policy.js';
export type { CountedEvent, Counters, Counts } from './core/counters.js';
export type { Credentials, CredentialsProvider, CredentialsRequest } from './core/credentials.js';
export type { Deadline } from './core/deadline.js';
export type { Dict } from './core/dict.js';
export type { Duration } from './core/duration.js';
export {
  CallAborted,
  CallerGone,
  ClientSendError,
  ConfigurationError,
  CredentialsFailure,
  DriverLoadFailure,
  type ErrorDetails,
  InvalidMessage,
  InvalidTarget,
  InvalidTransportURL,
  InvalidVersion,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  NoSuchMethod,
  RemoteError,
  type RemoteErrorDetails,
  RequestCancelled,
  RequestExpired,
  RPCVersionCapError,
  ServerListenError,
  ServerOverloaded,
  ServerStopped,
  UnsupportedVersion,
} from './core/errors.js';
export { type ErrorClass, RemoteException, type RemoteExceptionName, registerRemoteException } from './core/failure.js';
export type { ConsumedQueueHealth, DriverStatus, TransportHealth } from './core/health.js';
export type {
  BrokerKind,
  Instrumentation,
  InstrumentedTransport,
  OutgoingMessage,
  ReceivedHeaders,
  RpcClientInterceptor,
  SendNext,
  ServedNotifications,
  ServedRequest,
} from './core/instrumentation.js';
export type { LimitOptions, Limits, MessageLimits } from './core/limits.js';
export type { LogSink } from './core/logger.js';
export type { Notification, Priority } from './core/notification.js';
export type { Announcement, NotificationDriver, NotifierDriver } from './core/notification-driver.js';
export type { DeliveryMode, OsloMessagingOptions } from './core/options.js';
export type { RabbitOptions, RabbitProfile } from './core/rabbit-options.js';
export type { RabbitSettings, TransientOption } from './core/rabbit-settings.js';
export type { RoutingConfig, RoutingRules } from './core/routing-config.js';
export type { RpcInvocation } from './core/rpc-message.js';
export type { Concealed, Secret } from './core/secrets.js';
export type { Settings } from './core/settings.js';
export { Target } from './core/target.js';
export type { ErrorTarget, TargetFields } from './core/target-fields.js';
export type { OverloadState } from './drivers/driver.js';
export {
  type CurrentRequest,
  getCurrentRequest,
  getCurrentRequestContext,
  runWithRequestContext,
} from './messaging/current-request.js';
export { getLogFields, type LogFields } from './messaging/log-fields.js';
export { MessageHandlingServer } from './messaging/message-handling-server.js';
export { RequestContext, type RequestContextFields } from './messaging/request-context.js';
export { JsonPayloadSerializer, NoOpSerializer, RequestContextSerializer, Serializer } from './messaging/serializer.js';
export { type ConnectOptions, getNotificationTransport, getRpcTransport, Transport } from './messaging/transport.js';
export type { RpcHandler, RpcHandlerByName, RpcHandlerReturn, RpcHandlers } from './nest/api-handlers.js';
export type { OsloMessagingAsyncOptions, OsloMessagingOptionsFactory } from './nest/async-options.js';
export {
  type Pipe,
  type RpcApiEndpointOptions,
  RpcArg,
  type RpcArgOptions,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  type RpcEndpointOptions,
  RpcMethod,
  type RpcMethodOptions,
} from './nest/decorators.js';
export type { NotifierFeature, OsloMessagingFeature, RpcApiFeature, RpcClientFeature } from './nest/features.js';
export {
  type NotificationBatchOptions,
  NotificationEndpoint,
  type NotificationEndpointOptions,
  NotificationMetadata,
  NotificationPayload,
  OnNotification,
  type OnNotificationDecorator,
  type OnNotificationOptions,
  type OnNotificationReturn,
} from './nest/notification-decorators.js';
export {
  NotificationLogger,
  type NotificationLoggerOptions,
  type NotificationLogLevel,
} from './nest/notification-logger.js';
export { OsloClientProxy, type OsloPattern, OsloRecord, type OsloRecordOptions } from './nest/oslo-client-proxy.js';
export { OsloContext } from './nest/oslo-context.js';
export { OsloLogger } from './nest/oslo-logger.js';
export {
  type BrokerReport,
  type MonitoredApplication,
  OsloMessagingHealth,
  type OsloMessagingReport,
} from './nest/oslo-messaging.health.js';
export { getOsloServerToken, OsloMessagingModule } from './nest/oslo-messaging.module.js';
export {
  type NotificationDetails,
  OsloNotificationBatchContext,
  OsloNotificationContext,
} from './nest/oslo-notification-context.js';
export { OsloRpcContext } from './nest/oslo-rpc-context.js';
export { OsloServer } from './nest/oslo-server.js';
export { RemoteExceptionFilter, type RemoteExceptionFilterOptions } from './nest/remote-exception.filter.js';
export type { RemoteExceptionClass, RemoteStatuses } from './nest/remote-statuses.js';
export { RequestContextInterceptor } from './nest/request-context.interceptor.js';
export {
  getNotifierToken,
  getRpcApiToken,
  getRpcClientToken,
  InjectNotifier,
  InjectRpcApi,
  InjectRpcClient,
} from './nest/tokens.js';
export { getTransportsToken, type MeasuredHealth, OsloMessagingTransports } from './nest/transports.js';
export {
  type BatchedNotification,
  type BatchListenerEndpoint,
  type FilteringEndpoint,
  type ListenerEndpoint,
  type MessageMetadata,
  type NotificationMethods,
  NotificationResult,
  type NotificationReturn,
} from './notify/endpoint.js';
export {
  type Filtered as FilteredNotification,
  NotificationFilter,
  type NotificationFilterFields,
  type Pattern,
  type Patterns,
} from './notify/filter.js';
export {
  type BatchListenerOptions,
  getBatchNotificationListener,
  getNotificationListener,
  NotificationListener,
  type NotificationListenerOptions,
  type SingleListenerOptions,
} from './notify/listener.js';
export { Notifier, type NotifierOptions } from './notify/notifier.js';
export { type RecordedNotification, recordedNotifications } from './notify/test-driver.js';
export {
  IncompatibleObjectVersion,
  InvalidFieldValue,
  ReadOnlyFieldError,
  UnsupportedObjectError,
  VersionedObjectsException,
} from './objects/errors.js';
export type { FieldType } from './objects/field-type.js';
export { fields } from './objects/fields.js';
export type { ObjectFieldOptions } from './objects/object-field.js';
export type { Backportable } from './objects/object-primitives.js';
export { objResetChanges, objSetDefaults, objVersion, objWhatChanged } from './objects/object-state.js';
export {
  type ObjectClass,
  VersionedField,
  type VersionedFieldDecorator,
  type VersionedFieldOptions,
  VersionedObject,
  type VersionedObjectOptions,
  type VersionedProperty,
  type WithoutBigint,
} from './objects/registry.js';
export type { NumberFieldOptions } from './objects/scalar-fields.js';
export {
  VersionedObjectSerializer,
  type VersionedObjectSerializerOptions,
} from './objects/versioned-object-serializer.js';
export {
  DefaultRPCAccessPolicy,
  type ErrorConstructorLike,
  ExplicitRPCAccessPolicy,
  expectedExceptions,
  expose,
  LegacyRPCAccessPolicy,
  RPCAccessPolicyBase,
} from './rpc/access-policy.js';
export { CallContext, type ClientOptions, type TransportOptions } from './rpc/call-context.js';
export { type Clearable, getRpcClient, type PrepareOptions, RPCClient, type RPCClientClass } from './rpc/client.js';
export type { DurationStats, ErrorCounts, MethodCounts } from './rpc/discovery/call-statistics.js';
export {
  commonVersion,
  type DiscoverOptions,
  type Discovery,
  discoverServers,
  discoverStats,
  discoverVersion,
} from './rpc/discovery/discover-servers.js';
export type {
  ApiInfo,
  ArgumentInfo,
  DiscoveredServer,
  MethodInfo,
  MethodStats,
  ServerInfo,
  ServerStats,
} from './rpc/discovery/server-report.js';
export type { Endpoint, EndpointTarget } from './rpc/plain-endpoint.js';
export type { RetryPolicy } from './rpc/retry-policy.js';
export { getRpcServer, RPCServer, type ServerOptions } from './rpc/server.js';
export { BackingOffClient } from './tacker/backing-off-client.js';
export { Connection, type ConsumerOptions, createConnection, VoidConnection } from './tacker/connection.js';
export {
  addExtraExmods,
  cleanup,
  clearExtraExmods,
  getAllowedExmods,
  getClient,
  getNotifier,
  getRuntimeTransports,
  getServer,
  init,
  initActionRpc,
  type PublisherOptions,
  type RuntimeClientOptions,
  type RuntimeServerOptions,
  type RuntimeTransports,
} from './tacker/runtime.js';
export { Service, type ServiceManager, type ServiceOptions } from './tacker/service.js';
