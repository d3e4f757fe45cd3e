import { ConfigurationError } from '../core/errors.js';
import { checkNames, checkOptions, text } from '../core/option-rules.js';
import { normalizeOptions, type OsloMessagingOptions, type Settings } from '../core/options.js';
import { checkedSerializer } from '../core/serializer.js';
import type { Target } from '../core/target.js';
import { JsonPayloadSerializer, RequestContextSerializer, requestContextSerializer } from '../messaging/serializer.js';
import { Transport } from '../messaging/transport.js';
import { Notifier } from '../notify/notifier.js';
import type { ClientOptions } from '../rpc/call-context.js';
import type { Endpoint } from '../rpc/method-table.js';
import { getRpcServer, type RPCServer, type ServerOptions } from '../rpc/server.js';
import { BackingOffClient } from './backing-off-client.js';
import { MethodTimeouts } from './method-timeouts.js';

/** Modules whose exceptions Tacker's services raise. */
const ALLOWED_EXMODS = ['tacker.common.exceptions'];

/** Transports of the default runtime. */
export interface RuntimeTransports {
  readonly rpc: Transport;
  readonly notifications?: Transport;
}

interface Runtime {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly notificationTransport?: Transport | undefined;
  readonly notifier?: Notifier | undefined;
}

// The only state of this module, as in tacker.common.rpc; cleanup() resets it.
let runtime: Runtime | undefined;
const extraExmods: string[] = [];

function current(caller: string): Runtime {
  if (!runtime) throw new ConfigurationError(`${caller}() was called before init()`);
  return runtime;
}

function assertIdle(caller: string): void {
  if (runtime) throw new ConfigurationError(`${caller}() was called twice; call cleanup() first`);
}

/** Sets up the default runtime: transports for RPC and notifications. Connects on first use. @throws ConfigurationError */
export function init(options: OsloMessagingOptions = {}): void {
  assertIdle('init');
  const settings = normalizeOptions(options);
  const exmods = [...getAllowedExmods(), ...settings.allowedRemoteExmods];
  const transport = Transport.make(settings, settings.transportUrl, exmods);
  const notificationTransport = Transport.make(settings, settings.notificationTransportUrl, exmods);
  const serializer = new RequestContextSerializer(new JsonPayloadSerializer());
  runtime = {
    settings,
    transport,
    notificationTransport,
    notifier: new Notifier(notificationTransport, { serializer }),
  };
}

/** Sets up the transport for RPC alone, without allowed exceptions. Source: tacker.common.rpc.init_action_rpc. */
export function initActionRpc(options: OsloMessagingOptions = {}): void {
  assertIdle('initActionRpc');
  const settings = normalizeOptions(options);
  runtime = { settings, transport: Transport.make(settings, settings.transportUrl, settings.allowedRemoteExmods) };
}

/** Closes the default runtime and forgets all grown timeouts. Does nothing before `init`. */
export async function cleanup(): Promise<void> {
  const old = runtime;
  runtime = undefined;
  MethodTimeouts.reset();
  await Promise.all([old?.transport.cleanup(), old?.notificationTransport?.cleanup()]);
}

/** Further Python modules whose exceptions are rebuilt; takes effect with the next `init`. */
export function addExtraExmods(...names: string[]): void {
  extraExmods.push(...names);
}

export function clearExtraExmods(): void {
  extraExmods.length = 0;
}

export function getAllowedExmods(): string[] {
  return [...ALLOWED_EXMODS, ...extraExmods];
}

/** Options of {@link getClient}. */
export interface RuntimeClientOptions extends Pick<ClientOptions, 'versionCap' | 'serializer'> {}

/** A backing-off client whose contexts are {@link RequestContext}s. */
export function getClient(target: Target, options: RuntimeClientOptions = {}): BackingOffClient {
  const { transport, settings } = current('getClient');
  checkNames(options, ['versionCap', 'serializer'] satisfies (keyof RuntimeClientOptions)[], 'getClient option');
  const serializer = requestContextSerializer(checkedSerializer(options.serializer) ?? settings.serializer);
  return new BackingOffClient(transport, target, { versionCap: options.versionCap, serializer });
}

/** Options of {@link getServer}. */
export interface RuntimeServerOptions extends Pick<ServerOptions, 'serializer'> {}

/** A server of plain endpoints whose contexts are {@link RequestContext}s. */
export function getServer(
  target: Target,
  endpoints: readonly Endpoint[],
  options: RuntimeServerOptions = {},
): RPCServer {
  const { transport, settings } = current('getServer');
  checkNames(options, ['serializer'] satisfies (keyof RuntimeServerOptions)[], 'getServer option');
  const serializer = requestContextSerializer(checkedSerializer(options.serializer) ?? settings.serializer);
  return getRpcServer(transport, target, endpoints, { serializer });
}

/** Publisher of {@link getNotifier}: its id, or a service and its host. */
export type PublisherOptions =
  | { publisherId: string; service?: string | undefined; host?: string | undefined }
  | { publisherId?: undefined; service: string /** @default the `host` option */; host?: string | undefined };

/** The notifier, under `publisherId` or `<service>.<host>`. @throws ConfigurationError */
export function getNotifier(options: PublisherOptions): Notifier {
  const { notifier, settings } = current('getNotifier');
  if (!notifier) throw new ConfigurationError('getNotifier() needs init(); initActionRpc() sets up no notifications');
  checkOptions(options, { publisherId: text, service: text, host: text }, '', 'getNotifier option');
  const { publisherId, service, host = settings.host } = options;
  if (publisherId === undefined && service === undefined)
    throw new ConfigurationError('getNotifier: expected a publisherId or a service');
  return notifier.prepare({ publisherId: publisherId ?? `${service}.${host}` });
}

/**
 * Returns the transports of the default runtime, for their health, counts and metrics:
 * `collectMetrics(getRuntimeTransports())`. No `notifications` after `initActionRpc`.
 * @throws ConfigurationError before `init`
 */
export function getRuntimeTransports(): RuntimeTransports {
  const { transport, notificationTransport } = current('getRuntimeTransports');
  return { rpc: transport, ...(notificationTransport && { notifications: notificationTransport }) };
}

/** Settings of the default runtime, for the classes built on it. */
export function runtimeSettings(caller: string): Settings {
  return current(caller).settings;
}
