import { type DynamicModule, type FactoryProvider, Global, Module, type ModuleMetadata } from '@nestjs/common';
import type { Duration } from '../core/duration.js';
import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { checkNames, checkOptions, object, type Rule, text } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { Secret } from '../core/secrets.js';
import { serializerLike } from '../core/serializer.js';
import { Target, type TargetFields } from '../core/target.js';
import { requestContextSerializer } from '../messaging/serializer.js';
import { Notifier } from '../notify/notifier.js';
import type { ClientOptions } from '../rpc/call-context.js';
import { BackingOffClient } from '../tacker/backing-off-client.js';
import { assertSameClient, OsloMessagingApplication } from './application.js';
import { OsloMessagingHealth } from './oslo-messaging.health.js';
import { OsloServer } from './oslo-server.js';
import { getNotifierToken, getOptionsToken, getRpcClientToken, namedPublishers } from './tokens.js';
import { OsloMessagingTransports } from './transports.js';

/** One client for `forFeature`. */
export interface RpcClientFeature extends Pick<ClientOptions, 'versionCap' | 'serializer' | 'retry'> {
  target: Target | TargetFields;
  timeout?: Duration | undefined;
  callMonitorTimeout?: Duration | undefined;
  /** @default getRpcClientToken(target.topic) */
  token?: string | symbol | undefined;
  publisherId?: undefined;
}

/** One notifier for `forFeature`: for `@InjectNotifier(publisherId)` in a lazily loaded module. */
export interface NotifierFeature {
  publisherId: string;
  target?: undefined;
}

/** `forRootAsync`: the options from a factory. */
export interface OsloMessagingAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<OsloMessagingOptions>, 'inject' | 'useFactory'> {
  /** Name of the broker among several; the factory gives the same, or none. */
  name?: string | undefined;
}

/** Module that an application has once, however many brokers: imported by every `forRoot`. */
@Global()
@Module({
  providers: [OsloMessagingApplication, OsloMessagingHealth],
  exports: [OsloMessagingApplication, OsloMessagingHealth],
})
class OsloMessagingApplicationModule {}

/** Returns the injection token of a broker's {@link OsloMessagingTransports}: the class for the one without a name. */
export function getTransportsToken(broker?: string): string | typeof OsloMessagingTransports {
  return broker === undefined ? OsloMessagingTransports : `OSLO_MESSAGING_TRANSPORTS@${broker}`;
}

/** Returns the injection token of a broker's {@link OsloServer}: the class for the one without a name. */
export function getOsloServerToken(broker?: string): string | typeof OsloServer {
  return broker === undefined ? OsloServer : `OSLO_MESSAGING_SERVER@${broker}`;
}

/** Transports, server, clients and notifiers for the container. */
@Module({})
export class OsloMessagingModule {
  /** Provides one broker. Each further one of the application needs a `name`. */
  static forRoot(options: OsloMessagingOptions = {}): DynamicModule {
    checkIsObject(options, 'forRoot');
    return OsloMessagingModule.root({ useFactory: () => options }, [], options.name);
  }

  /** Provides one broker, with options from a factory. */
  static forRootAsync(options: OsloMessagingAsyncOptions): DynamicModule {
    checkOptions(options, ASYNC_OPTIONS, '', 'forRootAsync option');
    const { imports = [], inject = [], useFactory, name } = options;
    // Not left to the rule: it is skipped for an option that is absent.
    if (typeof useFactory !== 'function')
      throw new ConfigurationError('forRootAsync: expected useFactory, a function that returns the options');
    return OsloMessagingModule.root({ inject, useFactory }, imports, name);
  }

  /**
   * Provides a {@link BackingOffClient}, or a {@link Notifier}, for each entry.
   * @param broker `name` of the `forRoot` that they use
   */
  static forFeature(features: readonly (RpcClientFeature | NotifierFeature)[], broker?: string): DynamicModule {
    if (!Array.isArray(features))
      throw new ConfigurationError('forFeature: expected an array, such as [{ target: { topic } }]');
    const clients = new Map<string | symbol, object>();
    const providers = (features as readonly (RpcClientFeature | NotifierFeature)[]).map((feature) => {
      checkIsObject(feature, 'forFeature', 'an object such as { target: { topic } }');
      if (feature.publisherId === undefined) return clientProvider(feature, broker, clients);
      checkNames(feature, ['publisherId'], 'forFeature notifier option');
      return notifierProvider(feature.publisherId, broker);
    });
    return { module: OsloMessagingModule, providers, exports: providers.map(({ provide }) => provide) };
  }

  private static root(
    { inject = [], useFactory }: OsloMessagingAsyncOptions,
    imports: NonNullable<ModuleMetadata['imports']>,
    name: string | undefined,
  ): DynamicModule {
    // The container can be looked at, with all that it holds: the options' URLs carry passwords.
    const options = {
      provide: getOptionsToken(name),
      inject,
      useFactory: async (...args: unknown[]) =>
        new Secret<OsloMessagingOptions>(withName(await useFactory(...args), name)),
    };
    const transports = {
      provide: getTransportsToken(name),
      inject: [getOptionsToken(name), OsloMessagingApplication],
      useFactory: (given: Secret<OsloMessagingOptions>, application: OsloMessagingApplication) =>
        application.add(new OsloMessagingTransports(given)),
    };
    const server = {
      provide: getOsloServerToken(name),
      inject: [getTransportsToken(name)],
      useFactory: (own: OsloMessagingTransports) => new OsloServer(own),
    };
    return {
      module: OsloMessagingModule,
      global: true,
      imports: [...imports, OsloMessagingApplicationModule],
      // Read when the container is made: only then have all classes been decorated that name a publisher.
      get providers() {
        return [options, transports, server, ...notifierProviders(name)];
      },
      get exports() {
        const notifiers = notifierProviders(name).map(({ provide }) => provide);
        return [transports.provide, server.provide, ...notifiers];
      },
    };
  }
}

/** Tokens must be known before the factory runs, so that only `forRootAsync` can name the broker. */
function withName(options: OsloMessagingOptions, name: string | undefined): OsloMessagingOptions {
  checkIsObject(options, 'forRootAsync', 'useFactory to return an object of options');
  if (options.name !== undefined && options.name !== name) {
    throw new ConfigurationError(
      `forRootAsync: the factory names the broker ${JSON.stringify(options.name)}; give the name beside the factory: forRootAsync({ name, useFactory })`,
    );
  }
  return name === undefined ? options : { ...options, name };
}

/** @throws ConfigurationError unless it is an object, and no array */
function checkIsObject(given: unknown, where: string, expected = 'an object of options'): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw new ConfigurationError(`${where}: expected ${expected}; got ${nameOf(given)}`);
}

const anything: Rule = () => undefined;
const ASYNC_OPTIONS: Record<keyof OsloMessagingAsyncOptions, Rule> = {
  imports: (value) => (Array.isArray(value) ? undefined : 'an array of modules'),
  inject: (value) => (Array.isArray(value) ? undefined : 'an array of injection tokens'),
  useFactory: (value) => (typeof value === 'function' ? undefined : 'a function that returns the options'),
  name: text,
};
/** Values are checked when the client is made. */
const CLIENT_FEATURE: Record<Exclude<keyof RpcClientFeature, 'publisherId'>, Rule> = {
  target: object,
  token: (value) => (typeof value === 'symbol' ? undefined : text(value, 'token') && 'a symbol or a non-empty string'),
  versionCap: anything,
  serializer: serializerLike,
  retry: anything,
  timeout: anything,
  callMonitorTimeout: anything,
};

function clientProvider(feature: RpcClientFeature, broker: string | undefined, others: Map<string | symbol, object>) {
  checkOptions(feature, CLIENT_FEATURE, '', 'forFeature option');
  const { target: fields, token, ...options } = feature;
  const target = fields instanceof Target ? fields : new Target(fields);
  if (target.topic === undefined)
    throw new ConfigurationError(`forFeature: expected a target with a topic; got ${target}`, { target });
  const provide = typeof token === 'symbol' ? token : getRpcClientToken(token ?? target.topic, broker);
  const wanted = { target: JSON.stringify(target), broker, ...given(options) };
  // Of two providers with one token in a module, Nest drops the first, which then asks for nothing.
  assertSameClient(provide, others.get(provide) ?? wanted, wanted);
  others.set(provide, wanted);
  return {
    provide,
    inject: [getTransportsToken(broker), OsloMessagingApplication],
    useFactory: ({ rpc }: OsloMessagingTransports, application: OsloMessagingApplication) => {
      const serializer = options.serializer ?? rpc.settings.serializer;
      const asked = { ...wanted, serializer };
      return application.client(
        provide,
        asked,
        () => new BackingOffClient(rpc, target, { ...options, serializer: requestContextSerializer(serializer) }),
      );
    },
  };
}

/** Returns the options that are not undefined. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function notifierProvider(publisherId: string | undefined, broker: string | undefined) {
  return {
    provide: getNotifierToken(publisherId, broker),
    inject: [getTransportsToken(broker)],
    useFactory: ({ notifications }: OsloMessagingTransports) => {
      const { topic, host } = notifications.settings;
      return new Notifier(notifications, {
        publisherId: publisherId ?? (topic ? `${topic}.${host}` : host),
        serializer: requestContextSerializer(notifications.settings.serializer),
      });
    },
  };
}

/** For the default publisher, and for all that decorators have named so far. */
function notifierProviders(broker: string | undefined) {
  return [undefined, ...namedPublishers(broker)].map((publisherId) => notifierProvider(publisherId, broker));
}
