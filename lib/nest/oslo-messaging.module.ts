import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ConfigurationError } from '../core/errors.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { Secret } from '../core/secrets.js';
import { OsloMessagingApplication } from './application.js';
import { type OptionsSource, type OsloMessagingAsyncOptions, optionsSource } from './async-options.js';
import { checkIsObject, featureProviders, notifierProviders, type OsloMessagingFeature } from './features.js';
import { OsloMessagingHealth } from './oslo-messaging.health.js';
import { OsloServer } from './oslo-server.js';
import { sharedNestClass } from './shared-in-nest.js';
import { getOptionsToken } from './tokens.js';
import { getTransportsToken, OsloMessagingTransports } from './transports.js';

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
@sharedNestClass('OsloMessagingModule')
@Module({})
export class OsloMessagingModule {
  /**
   * Provides one broker. Each further one of the application needs a `name`.
   * @throws ConfigurationError for options that are no object; at start for an unknown or ill-typed option, or a name that is taken
   */
  static forRoot(options: OsloMessagingOptions = {}): DynamicModule {
    checkIsObject(options, 'forRoot');
    const { name } = options;
    return OsloMessagingModule.root({ inject: [], useFactory: async () => options, providers: [] }, { name });
  }

  /**
   * Provides one broker, with options from a function (`useFactory`) or a class (`useClass`, `useExisting`).
   * @throws ConfigurationError for an unknown or ill-typed option of `forRootAsync`, and unless exactly one of these is given;
   * at start as for `forRoot`, and when the options cannot be made
   */
  static forRootAsync(options: OsloMessagingAsyncOptions): DynamicModule {
    return OsloMessagingModule.root(optionsSource(options), options);
  }

  /**
   * Provides a {@link BackingOffClient}, a typed client of an API, or a {@link Notifier}, for each entry.
   * @param broker `name` of the `forRoot` that they use. Default: the broker without a name
   * @throws ConfigurationError for an unknown or ill-typed option; at start for a broker that no `forRoot` provides
   */
  static forFeature(features: readonly OsloMessagingFeature[], broker?: string): DynamicModule {
    if (!Array.isArray(features))
      throw new ConfigurationError('forFeature: expected an array, such as [{ target: { topic } }]');
    const providers = featureProviders(features as readonly OsloMessagingFeature[], broker);
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
    { inject, useFactory, providers }: OptionsSource,
    { name, imports = [] }: Pick<OsloMessagingAsyncOptions, 'name' | 'imports'>,
  ): DynamicModule {
    // Values of the container can be inspected, and the URLs of the options hold passwords.
    const options = {
      provide: getOptionsToken(name),
      inject,
      useFactory: async (...args: unknown[]) => new Secret<OsloMessagingOptions>(await useFactory(...args)),
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
        return [...providers, options, transports, server, ...notifierProviders(name)];
      },
      get exports() {
        const notifiers = notifierProviders(name).map(({ provide }) => provide);
        return [transports.provide, server.provide, ...notifiers];
      },
    };
  }
}
