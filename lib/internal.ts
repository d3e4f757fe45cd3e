// @internal The entry of the package's own leaves (cli, observability, testing): what they need besides the public surface.
// It is no entry of the package, so its names can change in any release. It leaves Nest out, so that the command starts fast.

export { filesIn } from './config/config-sources.js';
export { withConfigFiles } from './config/configured-options.js';
export { atPlaces, extended } from './config/places.js';
export type { RpcApiMethod } from './contracts/api-method.js';
export { wireSchemaOf } from './contracts/json-schema.js';
export { reservedReason } from './contracts/reserved-keys.js';
export { isRpcApi, type RpcApi } from './contracts/rpc-api.js';
export { parseArguments } from './contracts/schema-check.js';
export { hasOlderShape } from './contracts/version-cap.js';
export { attemptIn } from './core/attempt.js';
export { counted, someOf } from './core/counted.js';
export { Counters } from './core/counters.js';
export { Deadline } from './core/deadline.js';
export type { Dict } from './core/dict.js';
export { type Duration, toMilliseconds } from './core/duration.js';
export { decodeEnvelope } from './core/envelope.js';
export {
  ConfigurationError,
  DriverLoadFailure,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  NoSuchMethod,
  RemoteError,
  ServerOverloaded,
  toError,
} from './core/errors.js';
export { deserializeFailure, failureName, sendAs, serializeFailure } from './core/failure.js';
export { hasMethods, nameOf } from './core/given.js';
export { type DriverStatus, isServing, mergeHealth, type TransportHealth } from './core/health.js';
export { newId } from './core/id.js';
export type {
  BrokerKind,
  Instrumentation,
  InstrumentedTransport,
  OutgoingMessage,
  ReceivedHeaders,
  ServedNotifications,
  ServedRequest,
} from './core/instrumentation.js';
export { parseJson, stringifyJson } from './core/json.js';
export { LIBRARY_VERSION } from './core/library-version.js';
export type { MessageLimits } from './core/limits.js';
export { type LogSink, oneLine } from './core/logger.js';
export type { MessageObserver, ObservedHandler, ObservedMessage, ObservedRequest } from './core/message-observer.js';
export {
  type Notification,
  notificationMessage,
  PRIORITIES,
  type Priority,
  readNotification,
  topicOfQueue,
} from './core/notification.js';
export { type Announcement, NOTIFICATION_DRIVERS, type NotifierDriver } from './core/notification-driver.js';
export {
  checkNames,
  checkOptions,
  flag,
  httpUrl,
  list,
  natural,
  nearest,
  type Rule,
  span,
  text,
} from './core/option-rules.js';
export type { DeliveryMode, OsloMessagingOptions } from './core/options.js';
export { pause } from './core/pause.js';
export { clearRealInterval, clearRealTimeout, nextTurn, realInterval, realTimeout } from './core/real-time.js';
export { readReplyAddress } from './core/reply-address.js';
export {
  type RpcInvocation,
  type RpcReply,
  type RpcRequest,
  readReply,
  readRequest,
  replyMessage,
  requestMessage,
} from './core/rpc-message.js';
export { isSecretName, MASK } from './core/secret-names.js';
export { SecretValues } from './core/secret-values.js';
export { inspectMasked, maskSecrets, Secret, withoutSecrets } from './core/secrets.js';
export type { Serializer } from './core/serializer.js';
export { normalizeOptions, type Settings } from './core/settings.js';
export { settleWithin } from './core/settle-within.js';
export { shared } from './core/shared.js';
export { shellWord } from './core/shell-word.js';
export { snakeCase } from './core/snake-case.js';
export { Target } from './core/target.js';
export { loggedMessage, loggedStack } from './core/thrown.js';
export { driverOf, parseTransportUrl, redactUrl, type TransportURL } from './core/transport-url.js';
export { withUrlOptions } from './core/url-options.js';
export { compareVersions, isVersion } from './core/version.js';
export type {
  CallOptions,
  Driver,
  IncomingRequest,
  Receive,
  ReceiveNotifications,
  SendOptions,
} from './drivers/driver.js';
export type { DriverContext } from './drivers/driver-context.js';
export { MemoryBroker } from './drivers/memory/memory-broker.js';
export type { MemoryTap, Placement, Publication } from './drivers/memory/memory-tap.js';
export { PassedMessage } from './drivers/memory/passed-message.js';
export { portOf, usesTls } from './drivers/rabbit/connection/connect-options.js';
export { RabbitConnection } from './drivers/rabbit/connection/connection.js';
export { isAbsent } from './drivers/rabbit/connection/reply-code.js';
export { ReadingChannel } from './drivers/rabbit/consuming/reading-channel.js';
export { PublishingChannel } from './drivers/rabbit/publishing/publishing-channel.js';
export { exchangeOptions, queueOptions } from './drivers/rabbit/topology/declared-options.js';
export { Doctor } from './drivers/rabbit/topology/doctor.js';
export { type ListedQueue, ManagementApi } from './drivers/rabbit/topology/management-api.js';
export { ManagementFailure } from './drivers/rabbit/topology/management-failure.js';
export {
  type ExchangeStatus,
  ManagementStatus,
  type NodeStatus,
  type QueueStatus,
} from './drivers/rabbit/topology/management-status.js';
export { boundsIn, probeBounds, type QueueBounds } from './drivers/rabbit/topology/queue-bounds.js';
export { probeType, type QueueType, typeIn } from './drivers/rabbit/topology/queue-type.js';
export { findRpcTopics, type RpcTopic } from './drivers/rabbit/topology/rpc-topics.js';
export {
  deadLetterQueue,
  exchangeSpec,
  notificationQueue,
  type QueueSpec,
  replyQueue,
  serverQueue,
} from './drivers/rabbit/topology/topology.js';
export type { Finding } from './drivers/rabbit/topology/topology-finding.js';
export { compress, decompress } from './drivers/rabbit/wire/compression.js';
export type { MessageProperties } from './drivers/rabbit/wire/content-header.js';
export { readFields } from './drivers/rabbit/wire/field-table.js';
export {
  ACQUIRED_COUNT,
  COMPRESSION,
  DEATH,
  DEATH_FIELDS,
  DEATHS,
  DELIVERIES,
  DELIVERY_COUNT,
  ORIGINAL_QUEUE,
  READ_HEADERS,
  REASON,
  REPLAY_ID,
  REPLAYED,
  TIME,
  TRACE_HEADERS,
} from './drivers/rabbit/wire/header-names.js';
export type { RawDelivery } from './drivers/rabbit/wire/incoming-content.js';
export { keepHeaders } from './drivers/rabbit/wire/kept-headers.js';
export { readTable } from './drivers/rabbit/wire/plain-table.js';
export { Wire } from './drivers/rabbit/wire/wire.js';
export { newReplyQueueName } from './drivers/reply-queue.js';
export { routeOf, serverBindings } from './drivers/routing.js';
export { runAsRequest, runWithRequestContext } from './messaging/current-request.js';
export { EndpointRequest } from './messaging/endpoint-request.js';
export type { RequestContext } from './messaging/request-context.js';
export { deserializeArgs, RequestContextSerializer, requestContextSerializer } from './messaging/serializer.js';
export { getNotificationTransport, getRpcTransport, Transport } from './messaging/transport.js';
export { NotificationFilter, type NotificationFilterFields } from './notify/filter.js';
export { globToRegExp } from './notify/glob.js';
export { getNotificationListener } from './notify/listener.js';
export { Notifier } from './notify/notifier.js';
export type { FieldSchema } from './objects/field-type.js';
export { definitionOfClass, type ObjectClass } from './objects/registry.js';
export { VersionedObjectSerializer } from './objects/versioned-object-serializer.js';
export { ArgumentCheck, type NamedArgument } from './rpc/argument-check.js';
export { RPCClient } from './rpc/client.js';
export { type Discovery, discoverServers, discoverStats } from './rpc/discovery/discover-servers.js';
export { INFO_METHOD } from './rpc/discovery/discovery-methods.js';
export type { ApiInfo, MethodInfo, MethodStats, ServerInfo, ServerStats } from './rpc/discovery/server-report.js';
export { BUILT_IN, type MethodEntry, MethodTable, PING_METHOD } from './rpc/method-table.js';
export { addPing, RPCServer } from './rpc/server.js';
