import { withConfigFiles } from '../config/configured-options.js';
import { atPlaces } from '../config/places.js';
import { ConfigurationError } from '../core/errors.js';
import { checkNames, checkOptions, text } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { checkedSerializer } from '../core/serializer.js';
import { normalizeOptions, type Settings } from '../core/settings.js';
import { shared } from '../core/shared.js';
import type { Target } from '../core/target.js';
import { JsonPayloadSerializer, RequestContextSerializer, requestContextSerializer } from '../messaging/serializer.js';
import { getRpcTransport, Transport } from '../messaging/transport.js';
import { Notifier } from '../notify/notifier.js';
import type { ClientOptions } from '../rpc/call-context.js';
import type { Endpoint } from '../rpc/plain-endpoint.js';
import { getRpcServer, type RPCServer, type ServerOptions } from '../rpc/server.js';
import { BackingOffClient } from './backing-off-client.js';
import { MethodTimeouts } from './method-timeouts.js';

/** Python modules of the exceptions that Tacker's services raise. */
const ALLOWED_EXMODS = ['tacker.common.exceptions'];

/** Transports of the default runtime. */
export interface RuntimeTransports {
  /** Transport for RPC. */
  readonly rpc: Transport;
  /** Transport for notifications. Absent after `initActionRpc`. */
  readonly notifications?: Transport;
}

interface Runtime {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly notificationTransport?: Transport | undefined;
  readonly notifier?: Notifier | undefined;
}

/** The only state of this module, as in tacker.common.rpc. */
interface State {
  /** Default runtime between `init` and `cleanup`. */
  runtime?: Runtime | undefined;
  readonly extraExmods: string[];
}

const state = shared('default runtime', (): State => ({ extraExmods: [] }));

function current(caller: string): Runtime {
  if (!state.runtime) throw new ConfigurationError(`${caller}() was called before init()`);
  return state.runtime;
}

function assertIdle(caller: string): void {
  if (state.runtime) throw new ConfigurationError(`${caller}() was called twice; call cleanup() first`);
}

/**
 * Sets up the default runtime: transports for RPC and notifications. They connect on first use. {@link getRuntimeTransports}
 * returns them, for health, counters and metrics. Source: tacker.common.rpc.init.
 * @throws ConfigurationError for an unknown or ill-typed option, and when called twice without {@link cleanup}
 */
export function init(options: OsloMessagingOptions = {}): void {
  assertIdle('init');
  const configured = withConfigFiles(options);
  const settings = atPlaces(configured, 'transportUrl', () => normalizeOptions(configured));
  const exmods = [...getAllowedExmods(), ...settings.allowedRemoteExmods];
  const transport = atPlaces(configured, 'transportUrl', () => Transport.make(settings, settings.transportUrl, exmods));
  const notificationTransport = atPlaces(configured, 'notificationTransportUrl', () =>
    Transport.make(settings, settings.notificationTransportUrl, exmods),
  );
  const serializer = new RequestContextSerializer(new JsonPayloadSerializer());
  state.runtime = {
    settings,
    transport,
    notificationTransport,
    notifier: new Notifier(notificationTransport, { serializer }),
  };
}

/**
 * Sets up the default runtime for RPC alone, without Tacker's allowed exception modules. Source:
 * tacker.common.rpc.init_action_rpc.
 * @throws ConfigurationError for an unknown or ill-typed option, and when called twice without {@link cleanup}
 */
export function initActionRpc(options: OsloMessagingOptions = {}): void {
  assertIdle('initActionRpc');
  const transport = getRpcTransport(options);
  state.runtime = { settings: transport.settings, transport };
}

/** Closes the transports of the default runtime and forgets all grown timeouts. Does nothing before `init`. Source: tacker.common.rpc.cleanup. */
export async function cleanup(): Promise<void> {
  const old = state.runtime;
  state.runtime = undefined;
  MethodTimeouts.reset();
  await Promise.all([old?.transport.cleanup(), old?.notificationTransport?.cleanup()]);
}

/** Adds Python modules whose exceptions are rebuilt. Takes effect with the next `init`. Source: tacker.common.rpc.add_extra_exmods. */
export function addExtraExmods(...names: string[]): void {
  state.extraExmods.push(...names);
}

/** Removes the modules that {@link addExtraExmods} added. Source: tacker.common.rpc.clear_extra_exmods. */
export function clearExtraExmods(): void {
  state.extraExmods.length = 0;
}

/** Returns the Python modules whose exceptions are rebuilt. Source: tacker.common.rpc.get_allowed_exmods. */
export function getAllowedExmods(): string[] {
  return [...ALLOWED_EXMODS, ...state.extraExmods];
}

/** Options of {@link getClient}. */
export interface RuntimeClientOptions extends Pick<ClientOptions, 'versionCap' | 'serializer'> {}

/**
 * Makes a backing-off client on the default runtime. Its request contexts are {@link RequestContext}s. Source:
 * tacker.common.rpc.get_client.
 * @throws ConfigurationError before `init`, and for an unknown or ill-typed option
 */
export function getClient(target: Target, options: RuntimeClientOptions = {}): BackingOffClient {
  const { transport, settings } = current('getClient');
  checkNames(options, ['versionCap', 'serializer'] satisfies (keyof RuntimeClientOptions)[], 'getClient option');
  const serializer = requestContextSerializer(checkedSerializer(options.serializer) ?? settings.serializer);
  return new BackingOffClient(transport, target, { versionCap: options.versionCap, serializer });
}

/** Options of {@link getServer}. */
export interface RuntimeServerOptions extends Pick<ServerOptions, 'serializer'> {}

/**
 * Makes a server of plain endpoints on the default runtime. Its request contexts are {@link RequestContext}s. Source:
 * tacker.common.rpc.get_server.
 * @throws ConfigurationError before `init`, and for an unknown or ill-typed option; InvalidTarget for a target without topic or server
 */
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

/** Publisher of {@link getNotifier}: its id, or a service and its host. The default host is the `host` option. */
export type PublisherOptions =
  | {
      /** Id of the publisher. */
      publisherId: string;
      /** Unused beside `publisherId`. */
      service?: string | undefined;
      /** Unused beside `publisherId`. */
      host?: string | undefined;
    }
  | {
      /** Absent: the id is `<service>.<host>`. */
      publisherId?: undefined;
      /** Name of the service. */
      service: string;
      /** Name of the host. @default the `host` option */
      host?: string | undefined;
    };

/**
 * Returns a notifier on the default runtime. Its publisher is `publisherId`, else `<service>.<host>`. Source:
 * tacker.common.rpc.get_notifier.
 * @throws ConfigurationError before `init`, after `initActionRpc`, and for an unknown or ill-typed option
 */
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
 * Returns the transports of the default runtime. Users of `init` read here what Nest users get from the module: health
 * (`rpc.health()`), counters (`rpc.counts`), status changes (`rpc.onStatus(…)`) and metrics
 * (`collectMetrics(getRuntimeTransports())`). `notifications` is absent after `initActionRpc`.
 * @throws ConfigurationError before `init`
 */
export function getRuntimeTransports(): RuntimeTransports {
  const { transport, notificationTransport } = current('getRuntimeTransports');
  return { rpc: transport, ...(notificationTransport && { notifications: notificationTransport }) };
}

/** Returns the settings of the default runtime. @throws ConfigurationError before `init` */
export function runtimeSettings(caller: string): Settings {
  return current(caller).settings;
}
