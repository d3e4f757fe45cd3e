import { type DynamicModule, type FactoryProvider, Global, Module, type ModuleMetadata } from '@nestjs/common';
import { ConfigurationError } from '../core/errors.js';
import { checkOptions, type Rule, text } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { Secret } from '../core/secrets.js';
import { OsloMessagingApplication } from './application.js';
import {
  checkIsObject,
  featureProviders,
  type NotifierFeature,
  notifierProviders,
  type RpcClientFeature,
} from './features.js';
import { OsloMessagingHealth } from './oslo-messaging.health.js';
import { OsloServer } from './oslo-server.js';
import { getOptionsToken } from './tokens.js';
import { getTransportsToken, OsloMessagingTransports } from './transports.js';

/** Options of `forRootAsync`. */
export interface OsloMessagingAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<OsloMessagingOptions>, 'inject' | 'useFactory'> {
  /** Name of the broker among several. The factory returns options with the same name, or without one. @default no name */
  name?: string | undefined;
}

/** Module that an application has once for all of its brokers. Every `forRoot` and `forFeature` imports it. */
@Global()
@Module({
  providers: [OsloMessagingApplication, OsloMessagingHealth],
  exports: [OsloMessagingApplication, OsloMessagingHealth],
})
class OsloMessagingApplicationModule {}

/** Returns the injection token of a broker's {@link OsloServer}: the class for the one without a name. */
export function getOsloServerToken(broker?: string): string | typeof OsloServer {
  return broker === undefined ? OsloServer : `OsloServer at the broker '${broker}'`;
}

/** Module of transports, server, clients and notifiers. */
@Module({})
export class OsloMessagingModule {
  /**
   * Provides one broker. Each further one of the application needs a `name`.
   * @throws ConfigurationError for options that are no object; at start for an unknown or ill-typed option, or a name that is taken
   */
  static forRoot(options: OsloMessagingOptions = {}): DynamicModule {
    checkIsObject(options, 'forRoot');
    return OsloMessagingModule.root({ useFactory: () => options }, [], options.name);
  }

  /**
   * Provides one broker, with options from a factory.
   * @throws ConfigurationError for an unknown or ill-typed option of `forRootAsync`; at start as for `forRoot`
   */
  static forRootAsync(options: OsloMessagingAsyncOptions): DynamicModule {
    checkOptions(options, ASYNC_OPTIONS, '', 'forRootAsync option');
    const { imports = [], inject = [], useFactory, name } = options;
    // Rules are not applied to absent options.
    if (typeof useFactory !== 'function')
      throw new ConfigurationError('forRootAsync: expected useFactory, a function that returns the options');
    return OsloMessagingModule.root({ inject, useFactory }, imports, name);
  }

  /**
   * Provides a {@link BackingOffClient}, or a {@link Notifier}, for each entry.
   * @param broker `name` of the `forRoot` that they use. Default: the broker without a name
   * @throws ConfigurationError for an unknown or ill-typed option; at start for a broker that no `forRoot` provides
   */
  static forFeature(features: readonly (RpcClientFeature | NotifierFeature)[], broker?: string): DynamicModule {
    if (!Array.isArray(features))
      throw new ConfigurationError('forFeature: expected an array, such as [{ target: { topic } }]');
    const providers = featureProviders(features as readonly (RpcClientFeature | NotifierFeature)[], broker);
    return {
      module: OsloMessagingModule,
      imports: [OsloMessagingApplicationModule],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }

  /** @internal Returns a factory of a broker's transports, and its dependencies: with the options of its `forRoot`, changed. */
  static transportsWith(changes: OsloMessagingOptions, name: string | undefined) {
    return {
      inject: [getOptionsToken(name), OsloMessagingApplication],
      factory: (given: Secret<OsloMessagingOptions>, application: OsloMessagingApplication) =>
        application.add(new OsloMessagingTransports({ ...given.expose(), ...changes })),
    };
  }

  private static root(
    { inject = [], useFactory }: OsloMessagingAsyncOptions,
    imports: NonNullable<ModuleMetadata['imports']>,
    name: string | undefined,
  ): DynamicModule {
    // Values of the container can be inspected, and the URLs of the options hold passwords.
    const options = {
      provide: getOptionsToken(name),
      inject,
      useFactory: async (...args: unknown[]) =>
        new Secret<OsloMessagingOptions>(withName(await useFactory(...args), name)),
    };
    const { inject: injected, factory } = OsloMessagingModule.transportsWith({}, name);
    const transports = { provide: getTransportsToken(name), inject: injected, useFactory: factory };
    const server = {
      provide: getOsloServerToken(name),
      inject: [getTransportsToken(name)],
      useFactory: (own: OsloMessagingTransports) => new OsloServer(own),
    };
    return {
      module: OsloMessagingModule,
      global: true,
      imports: [...imports, OsloMessagingApplicationModule],
      // A getter is read when the container is made. Only then are all decorators evaluated that name a publisher.
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

const ASYNC_OPTIONS: Record<keyof OsloMessagingAsyncOptions, Rule> = {
  imports: (value) => (Array.isArray(value) ? undefined : 'an array of modules'),
  inject: (value) => (Array.isArray(value) ? undefined : 'an array of injection tokens'),
  useFactory: (value) => (typeof value === 'function' ? undefined : 'a function that returns the options'),
  name: text,
};
