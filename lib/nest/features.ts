import { type FactoryProvider, Inject } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { RpcApiClientOptions } from '../contracts/client-types.js';
import type { RpcApi } from '../contracts/rpc-api.js';
import { assertRpcApi, getRpcApiClient } from '../contracts/rpc-api-client.js';
import type { Duration } from '../core/duration.js';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { checkNames, checkOptions, object, type Rule, text } from '../core/option-rules.js';
import { serializerLike } from '../core/serializer.js';
import { Target } from '../core/target.js';
import type { TargetFields } from '../core/target-fields.js';
import { requestContextSerializer } from '../messaging/serializer.js';
import { Notifier } from '../notify/notifier.js';
import type { ClientOptions } from '../rpc/call-context.js';
import { BackingOffClient } from '../tacker/backing-off-client.js';
import { assertSameClient, OsloMessagingApplication } from './application.js';
import { getNotifierToken, getRpcApiToken, getRpcClientToken, namedPublishers } from './tokens.js';
import { getTransportsToken, type OsloMessagingTransports } from './transports.js';

/** One client for `forFeature`. */
export interface RpcClientFeature
  extends Pick<ClientOptions, 'versionCap' | 'serializer' | 'retry' | 'retryPolicy' | 'propagateDeadlines'> {
  /** Target of the calls and casts. It needs a topic. */
  target: Target | TargetFields;
  /** Time that a call waits for its reply, in seconds or with a unit. A client with a timeout does not back off. @default the `rpcResponseTimeout` option, grown by the back-off */
  timeout?: Duration | undefined;
  /** Longest time without a heartbeat of the server, in seconds or with a unit. @default no heartbeats */
  callMonitorTimeout?: Duration | undefined;
  /** Injection token of the client. @default getRpcClientToken(target.topic) */
  token?: string | symbol | undefined;
  /** Absent: an entry with `publisherId` is a {@link NotifierFeature}. */
  publisherId?: undefined;
  /** Absent: an entry with `api` is an {@link RpcApiFeature}. */
  api?: undefined;
}

/** One typed client for `forFeature`. */
export interface RpcApiFeature extends Omit<RpcApiClientOptions, 'transportOptions'> {
  /** API of the client, as `defineRpcApi` returns it. */
  api: RpcApi;
  /** Injection token of the client. @default getRpcApiToken(api) */
  token?: string | symbol | undefined;
  /** Absent: an entry with `publisherId` is a {@link NotifierFeature}. */
  publisherId?: undefined;
  /** Absent: an entry with `target` is an {@link RpcClientFeature}. */
  target?: undefined;
}

/** Entry of `forFeature`. */
export type OsloMessagingFeature = RpcClientFeature | RpcApiFeature | NotifierFeature;

/** One notifier for `forFeature`: for `@InjectNotifier(publisherId)` in a lazily loaded module. */
export interface NotifierFeature {
  /** Publisher of the notifications. */
  publisherId: string;
  /** Absent: an entry with `target` is an {@link RpcClientFeature}. */
  target?: undefined;
  /** Absent: an entry with `api` is an {@link RpcApiFeature}. */
  api?: undefined;
}

type TokenProvider<T> = FactoryProvider<T> & { provide: string | symbol };

const anything: Rule = () => undefined;
const tokenRule: Rule = (value) =>
  typeof value === 'symbol' ? undefined : text(value, 'token') && 'a symbol or a non-empty string';
/** Values are checked when the client is made. */
const CLIENT_FEATURE: Record<Exclude<keyof RpcClientFeature, 'publisherId' | 'api'>, Rule> = {
  target: object,
  token: tokenRule,
  versionCap: anything,
  serializer: serializerLike,
  retry: anything,
  retryPolicy: anything,
  timeout: anything,
  callMonitorTimeout: anything,
  propagateDeadlines: anything,
};
const API_FEATURE: Record<Exclude<keyof RpcApiFeature, 'publisherId' | 'target'>, Rule> = {
  api: object,
  token: tokenRule,
  versionCap: anything,
  versionAliases: object,
  serializer: serializerLike,
  retry: anything,
  retryPolicy: anything,
  timeout: anything,
  callMonitorTimeout: anything,
  propagateDeadlines: anything,
};

/** @throws ConfigurationError unless the value is an object other than an array */
export function checkIsObject(given: unknown, where: string, expected = 'an object of options'): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw new ConfigurationError(`${where}: expected ${expected}; got ${nameOf(given)}`);
}

/** Returns the providers of the entries of `forFeature`. @throws ConfigurationError for an invalid entry */
export function featureProviders(
  features: readonly OsloMessagingFeature[],
  broker: string | undefined,
): TokenProvider<object>[] {
  const clients = new Map<string | symbol, object>();
  return features.map((feature) => {
    checkIsObject(feature, 'forFeature', 'an object such as { target: { topic } }');
    if ('api' in feature && feature.publisherId === undefined)
      return apiProvider(feature as RpcApiFeature, broker, clients);
    if (feature.publisherId === undefined) return clientProvider(feature as RpcClientFeature, broker, clients);
    checkNames(feature, ['publisherId'], 'forFeature notifier option');
    const { publisherId } = feature;
    return {
      provide: getNotifierToken(publisherId, broker),
      inject: [ModuleRef, OsloMessagingApplication],
      useFactory: async (module: ModuleRef, application: OsloMessagingApplication) =>
        makeNotifier(publisherId, await transportsOf(broker, module, application)),
    };
  });
}

/** Returns the providers of a broker's notifiers: for the default publisher, and for each that a decorator has named. */
export function notifierProviders(broker: string | undefined): TokenProvider<Notifier>[] {
  return [undefined, ...namedPublishers(broker)].map((publisherId) => ({
    provide: getNotifierToken(publisherId, broker),
    inject: [getTransportsToken(broker)],
    useFactory: (transports: OsloMessagingTransports) => makeNotifier(publisherId, transports),
  }));
}

function clientProvider(
  feature: RpcClientFeature,
  broker: string | undefined,
  others: Map<string | symbol, object>,
): TokenProvider<BackingOffClient> {
  checkOptions(feature, CLIENT_FEATURE, '', 'forFeature option');
  const { target: fields, token, ...options } = feature;
  const target = fields instanceof Target ? fields : new Target(fields);
  if (target.topic === undefined)
    throw new ConfigurationError(`forFeature: expected a target with a topic; got ${target}`, { target });
  const provide = typeof token === 'symbol' ? token : getRpcClientToken(token ?? target.topic, broker);
  const wanted = { target: JSON.stringify(target), broker, ...given(options) };
  return sharedProvider(
    provide,
    wanted,
    others,
    options,
    (rpc, complete) => new BackingOffClient(rpc, target, complete),
  );
}

function apiProvider(
  feature: RpcApiFeature,
  broker: string | undefined,
  others: Map<string | symbol, object>,
): TokenProvider<object> {
  assertRpcApi(feature.api, 'forFeature: api');
  checkOptions(feature, API_FEATURE, '', 'forFeature option');
  const { api, token, ...options } = feature;
  const provide = token ?? getRpcApiToken(api, broker);
  const wanted = { api, broker, ...given(options) };
  return sharedProvider<object, typeof options>(provide, wanted, others, options, (rpc, complete) =>
    getRpcApiClient(rpc, api, complete),
  );
}

/** Client as an entry wants it: entries with one token must want the same. */
interface WantedClient {
  readonly broker: string | undefined;
}

/**
 * Returns the provider of a client that all modules of the application share.
 * @param others clients of the other entries, by token
 * @param make makes the client with the options of the entry and the serializer of the broker, where the entry has none
 * @throws ConfigurationError where another entry wants another client under the token
 */
function sharedProvider<T extends object, Options extends Pick<ClientOptions, 'serializer'>>(
  provide: string | symbol,
  wanted: WantedClient,
  others: Map<string | symbol, object>,
  options: Options,
  make: (rpc: OsloMessagingTransports['rpc'], options: Options) => T,
): TokenProvider<T> {
  // Nest drops the first of two providers with one token in a module without a word.
  assertSameClient(provide, others.get(provide) ?? wanted, wanted);
  others.set(provide, wanted);
  return {
    provide,
    inject: [ModuleRef, OsloMessagingApplication],
    useFactory: async (module: ModuleRef, application: OsloMessagingApplication) => {
      const { rpc } = await transportsOf(wanted.broker, module, application);
      const serializer = options.serializer ?? rpc.settings.serializer;
      return application.client(provide, { ...wanted, serializer }, () =>
        make(rpc, { ...options, serializer: requestContextSerializer(serializer) }),
      );
    },
  };
}

/**
 * Returns the transports of a broker. They are not injected into the factory, because Nest would
 * then report an unknown broker as an unresolved dependency.
 * @throws ConfigurationError when no `forRoot` provides the broker
 */
async function transportsOf(
  broker: string | undefined,
  module: ModuleRef,
  application: OsloMessagingApplication,
): Promise<OsloMessagingTransports> {
  application.assertBroker(broker);
  class Holder {
    constructor(readonly transports: OsloMessagingTransports) {}
  }
  Inject(getTransportsToken(broker))(Holder, undefined, 0);
  const { transports } = await module.create(Holder);
  return transports;
}

function makeNotifier(publisherId: string | undefined, { notifications }: OsloMessagingTransports): Notifier {
  const { topic, host, serializer } = notifications.settings;
  return new Notifier(notifications, {
    publisherId: publisherId ?? (topic ? `${topic}.${host}` : host),
    serializer: requestContextSerializer(serializer),
  });
}

/** Returns the options that are not undefined. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
