// @internal The entry of the package's own leaves (cli, observability): what they need besides the public surface. It is
// no entry of the package, so its names can change in any release. It leaves Nest out, so that the command starts fast.

export { filesIn } from './config/config-sources.js';
export { withConfigFiles } from './config/configured-options.js';
export { atPlaces, extended } from './config/places.js';
export { Counters } from './core/counters.js';
export { Deadline } from './core/deadline.js';
export type { Dict } from './core/dict.js';
export { type Duration, toMilliseconds } from './core/duration.js';
export {
  ConfigurationError,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  RemoteError,
  toError,
} from './core/errors.js';
export { type DriverStatus, isServing, type TransportHealth } from './core/health.js';
export { newId } from './core/id.js';
export { parseJson, stringifyJson } from './core/json.js';
export { LIBRARY_VERSION } from './core/library-version.js';
export { oneLine } from './core/logger.js';
export { checkNames } from './core/option-rules.js';
export type { OsloMessagingOptions } from './core/options.js';
export { normalizeOptions } from './core/settings.js';
export { snakeCase } from './core/snake-case.js';
export { Target } from './core/target.js';
export { parseTransportUrl } from './core/transport-url.js';
export { withUrlOptions } from './core/url-options.js';
export { RabbitConnection } from './drivers/rabbit/connection/connection.js';
export { Doctor, type Finding } from './drivers/rabbit/topology/doctor.js';
export { ManagementApi } from './drivers/rabbit/topology/management-api.js';
export { newReplyQueueName } from './drivers/reply-queue.js';
export { getRpcTransport } from './messaging/transport.js';
export { RPCClient } from './rpc/client.js';
export { PING_METHOD } from './rpc/method-table.js';
