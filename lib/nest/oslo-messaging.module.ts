import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Injectable,
  Logger,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Duration } from '../core/duration.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { Target, type TargetFields } from '../core/target.js';
import { Notifier } from '../notify/notifier.js';
import { BackingOffClient, isolateTimeouts } from '../rpc/backing-off-client.js';
import type { ClientOptions } from '../rpc/call-context.js';
import { RequestContextSerializer, type Serializer } from '../rpc/serializer.js';
import { getNotificationTransport, getRpcTransport, type Transport } from '../rpc/transport.js';
import { OsloServer } from './oslo-server.js';
import { getNotifierToken, getRpcClientToken, namedPublishers, OSLO_MESSAGING_OPTIONS } from './tokens.js';

/** One client for `forFeature`. */
export interface RpcClientFeature extends Pick<ClientOptions, 'versionCap' | 'serializer' | 'retry'> {
  target: Target | TargetFields;
  timeout?: Duration;
  callMonitorTimeout?: Duration;
  /** @default getRpcClientToken(target.topic) */
  token?: string | symbol;
}

/** `forRootAsync`: the options from a factory. */
export interface OsloMessagingAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<OsloMessagingOptions>, 'inject' | 'useFactory'> {}

/** The module's transports; closed when the application has shut down, after its servers have drained. */
@Injectable()
export class OsloMessagingTransports implements OnApplicationShutdown {
  readonly rpc: Transport;
  readonly notifications: Transport;

  constructor(@Inject(OSLO_MESSAGING_OPTIONS) options: OsloMessagingOptions) {
    const withLogger = { logger: new Logger('OsloMessaging'), ...options };
    this.rpc = getRpcTransport(withLogger);
    this.notifications = getNotificationTransport(withLogger);
    isolateTimeouts(this.rpc);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.rpc.cleanup(), this.notifications.cleanup()]);
  }
}

/** Transports, server, clients and notifiers for the container. */
@Module({})
export class OsloMessagingModule {
  static forRoot(options: OsloMessagingOptions = {}): DynamicModule {
    return OsloMessagingModule.root({ provide: OSLO_MESSAGING_OPTIONS, useValue: options }, []);
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: OsloMessagingAsyncOptions): DynamicModule {
    return OsloMessagingModule.root({ provide: OSLO_MESSAGING_OPTIONS, inject, useFactory }, imports);
  }

  /** Provides a {@link BackingOffClient} for each entry. */
  static forFeature(features: readonly RpcClientFeature[]): DynamicModule {
    const providers = features.map(({ target: fields, token, serializer, ...options }) => {
      const target = fields instanceof Target ? fields : new Target(fields);
      return {
        provide:
          typeof token === 'string' ? getRpcClientToken(token) : (token ?? getRpcClientToken(target.topic ?? '')),
        inject: [OsloMessagingTransports],
        useFactory: ({ rpc }: OsloMessagingTransports) =>
          new BackingOffClient(rpc, target, { ...options, serializer: serializer ?? moduleSerializer(rpc) }),
      };
    });
    return { module: OsloMessagingModule, providers, exports: providers.map(({ provide }) => provide) };
  }

  private static root(
    options: NonNullable<DynamicModule['providers']>[number],
    imports: NonNullable<ModuleMetadata['imports']>,
  ): DynamicModule {
    const notifiers = [undefined, ...namedPublishers()].map((publisherId) => ({
      provide: getNotifierToken(publisherId),
      inject: [OsloMessagingTransports],
      useFactory: ({ notifications }: OsloMessagingTransports) => {
        const { topic, host } = notifications.settings;
        return new Notifier(notifications, {
          publisherId: publisherId ?? (topic ? `${topic}.${host}` : host),
          serializer: moduleSerializer(notifications),
        });
      },
    }));
    const server = {
      provide: OsloServer,
      inject: [OsloMessagingTransports],
      useFactory: ({ rpc }: OsloMessagingTransports) => new OsloServer(rpc),
    };
    return {
      module: OsloMessagingModule,
      global: true,
      imports,
      providers: [options, OsloMessagingTransports, server, ...notifiers],
      exports: [OsloMessagingTransports, OsloServer, ...notifiers.map(({ provide }) => provide)],
    };
  }
}

function moduleSerializer({ settings }: Transport): Serializer {
  return (settings.serializer as Serializer | undefined) ?? new RequestContextSerializer();
}
