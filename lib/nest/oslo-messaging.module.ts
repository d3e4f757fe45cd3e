import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { Duration } from '../core/duration.js';
import { ConfigurationError } from '../core/errors.js';
import { checkNames, checkOptions, object, type Rule, text } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { Concealed } from '../core/secrets.js';
import { serializerLike } from '../core/serializer.js';
import { Target, type TargetFields } from '../core/target.js';
import { Notifier } from '../notify/notifier.js';
import { BackingOffClient } from '../rpc/backing-off-client.js';
import type { ClientOptions } from '../rpc/call-context.js';
import { requestContextSerializer, type Serializer } from '../rpc/serializer.js';
import type { Transport } from '../rpc/transport.js';
import { EndpointCheck } from './endpoint-classes.js';
import { OsloMessagingHealth } from './oslo-messaging.health.js';
import { OsloServer } from './oslo-server.js';
import { getNotifierToken, getRpcClientToken, namedPublishers, OSLO_MESSAGING_OPTIONS } from './tokens.js';
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
    Pick<FactoryProvider<OsloMessagingOptions>, 'inject' | 'useFactory'> {}

/** Transports, server, clients and notifiers for the container. */
@Module({})
export class OsloMessagingModule {
  static forRoot(options: OsloMessagingOptions = {}): DynamicModule {
    return OsloMessagingModule.root({ useFactory: () => options }, []);
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: OsloMessagingAsyncOptions): DynamicModule {
    return OsloMessagingModule.root({ inject, useFactory }, imports);
  }

  /** Provides a {@link BackingOffClient}, or a {@link Notifier}, for each entry. */
  static forFeature(features: readonly (RpcClientFeature | NotifierFeature)[]): DynamicModule {
    const providers = features.map((feature) => {
      if (feature.publisherId === undefined) return clientProvider(feature);
      checkNames(feature, ['publisherId'], 'forFeature notifier option');
      return notifierProvider(feature.publisherId);
    });
    return { module: OsloMessagingModule, providers, exports: providers.map(({ provide }) => provide) };
  }

  private static root(
    { inject = [], useFactory }: OsloMessagingAsyncOptions,
    imports: NonNullable<ModuleMetadata['imports']>,
  ): DynamicModule {
    // The container can be looked at, with all that it holds: the options' URLs carry passwords.
    const options = {
      provide: OSLO_MESSAGING_OPTIONS,
      inject,
      useFactory: async (...args: unknown[]) => new Concealed<OsloMessagingOptions>(await useFactory(...args)),
    };
    const server = {
      provide: OsloServer,
      inject: [OsloMessagingTransports],
      useFactory: (transports: OsloMessagingTransports) => new OsloServer(transports),
    };
    const check = {
      provide: EndpointCheck,
      inject: [ModulesContainer, OsloMessagingTransports],
      useFactory: (modules: ModulesContainer, { rpc }: OsloMessagingTransports) =>
        new EndpointCheck(modules, rpc.settings.logger),
    };
    return {
      module: OsloMessagingModule,
      global: true,
      imports,
      // Read when the container is made: only then have all classes been decorated that name a publisher.
      get providers() {
        return [options, OsloMessagingTransports, OsloMessagingHealth, server, check, ...notifierProviders()];
      },
      get exports() {
        const notifiers = notifierProviders().map(({ provide }) => provide);
        return [OsloMessagingTransports, OsloMessagingHealth, OsloServer, ...notifiers];
      },
    };
  }
}

const anything: Rule = () => undefined;
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

function clientProvider(feature: RpcClientFeature) {
  checkOptions(feature, CLIENT_FEATURE, 'forFeature: ');
  const { target: fields, token, serializer, ...options } = feature;
  const target = fields instanceof Target ? fields : new Target(fields);
  if (target.topic === undefined)
    throw new ConfigurationError(`forFeature: expected a target with a topic; got ${target}`, { target });
  return {
    provide: typeof token === 'string' ? getRpcClientToken(token) : (token ?? getRpcClientToken(target.topic ?? '')),
    inject: [OsloMessagingTransports],
    useFactory: ({ rpc }: OsloMessagingTransports) =>
      new BackingOffClient(rpc, target, {
        ...options,
        serializer: requestContextSerializer(serializer ?? rpc.settings.serializer),
      }),
  };
}

function notifierProvider(publisherId: string | undefined) {
  return {
    provide: getNotifierToken(publisherId),
    inject: [OsloMessagingTransports],
    useFactory: ({ notifications }: OsloMessagingTransports) => {
      const { topic, host } = notifications.settings;
      return new Notifier(notifications, {
        publisherId: publisherId ?? (topic ? `${topic}.${host}` : host),
        serializer: moduleSerializer(notifications),
      });
    },
  };
}

/** For the default publisher, and for all that decorators have named so far. */
function notifierProviders() {
  return [undefined, ...namedPublishers()].map(notifierProvider);
}

function moduleSerializer({ settings }: Transport): Serializer {
  return requestContextSerializer(settings.serializer);
}
