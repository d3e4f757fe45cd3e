import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { withConfigFiles } from '../config/configured-options.js';
import type { TransportHealth } from '../core/health.js';
import type { OsloMessagingOptions } from '../core/options.js';
import { pause } from '../core/pause.js';
import { Secret } from '../core/secrets.js';
import {
  type ConnectOptions,
  getNotificationTransport,
  getRpcTransport,
  type Transport,
} from '../messaging/transport.js';
import { isolateTimeouts } from '../tacker/backing-off-client.js';
import { LOG_CONTEXT } from './log-suppression.js';
import { sharedNestClass } from './shared-in-nest.js';
import { OSLO_MESSAGING_OPTIONS } from './tokens.js';

/** Health of the transports of one kind that an application has for one broker. */
export interface MeasuredHealth {
  /** Kind of the transports. */
  readonly transport: 'rpc' | 'notifications';
  /** `name` of the `forRoot`, where it has one. */
  readonly broker: string | undefined;
  /** Merged health of the transports. */
  readonly health: TransportHealth;
}

/** Shortest pause between attempts to connect in the background. */
const MIN_PAUSE_MS = 1000;

/** Transports of one broker. They are closed at the application's shutdown, after its servers have drained. */
@sharedNestClass('OsloMessagingTransports')
@Injectable()
export class OsloMessagingTransports implements OnModuleInit, OnApplicationShutdown {
  /** Transport for RPC. */
  readonly rpc: Transport;
  /** Transport for notifications. */
  readonly notifications: Transport;
  /** @internal Options of the transports, as given, with those of the operator's files. */
  readonly options: Secret<OsloMessagingOptions>;
  /** @internal The application that the transports belong to. */
  application: { measure(): MeasuredHealth[] } | undefined;

  /** @throws ConfigurationError for an unknown or ill-typed option, InvalidTransportURL, DriverLoadFailure for an unknown scheme */
  constructor(@Inject(OSLO_MESSAGING_OPTIONS) given: Secret<OsloMessagingOptions> | OsloMessagingOptions) {
    const options = given instanceof Secret ? given.expose() : given;
    const withLogger = { ...options, logger: options.logger ?? new Logger(LOG_CONTEXT) };
    // Once, so that both transports have the same files.
    const configured = withConfigFiles(withLogger);
    this.options = new Secret(configured);
    this.rpc = getRpcTransport(configured);
    this.notifications = getNotificationTransport(configured);
    isolateTimeouts(this.rpc);
  }

  /** `name` of the `forRoot`, where it has one. */
  get name(): string | undefined {
    return this.rpc.settings.name;
  }

  /** Returns the health of all transports of the application, those of servers made by hand included. For metrics. */
  measure(): MeasuredHealth[] {
    if (this.application) return this.application.measure();
    return [
      { transport: 'rpc', broker: this.name, health: this.rpc.health() },
      { transport: 'notifications', broker: this.name, health: this.notifications.health() },
    ];
  }

  /** Connects, if `connectOnStart` is set. @throws MessageDeliveryFailure when the broker cannot be reached */
  async onModuleInit(): Promise<void> {
    const { connectOnStart } = this.rpc.settings;
    if (connectOnStart === 'background') {
      void keepConnecting(this.rpc, {});
      void keepConnecting(this.notifications, { publishOnly: true });
    } else if (connectOnStart) {
      try {
        await Promise.all([this.rpc.connect(), this.notifications.connect({ publishOnly: true })]);
      } catch (error) {
        // Nest calls no shutdown hooks when the start fails.
        await this.onApplicationShutdown();
        throw error;
      }
    }
  }

  /** Closes both transports. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.rpc.cleanup(), this.notifications.cleanup()]);
  }
}

const TOKEN_PREFIX = 'OSLO_MESSAGING_TRANSPORTS@';

/** Returns the injection token of a broker's {@link OsloMessagingTransports}: the class for the one without a name. */
export function getTransportsToken(broker?: string): string | typeof OsloMessagingTransports {
  return broker === undefined ? OsloMessagingTransports : `${TOKEN_PREFIX}${broker}`;
}

/** Returns the broker that a token of {@link getTransportsToken} is for, in an array; an empty one for any other token. */
export function brokersOfToken(token: unknown): (string | undefined)[] {
  if (token === OsloMessagingTransports) return [undefined];
  return typeof token === 'string' && token.startsWith(TOKEN_PREFIX) ? [token.slice(TOKEN_PREFIX.length)] : [];
}

/** Connects, with any number of attempts. The connections log their failures. */
async function keepConnecting(transport: Transport, options: ConnectOptions): Promise<void> {
  const { closed, settings } = transport;
  while (!closed.aborted) {
    try {
      await transport.connect(options);
      return;
    } catch {
      await pause(Math.max(MIN_PAUSE_MS, settings.rabbit.intervalMax), closed);
    }
  }
}
