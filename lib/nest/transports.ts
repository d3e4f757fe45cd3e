import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { OsloMessagingOptions } from '../core/options.js';
import { Concealed } from '../core/secrets.js';
import { isolateTimeouts } from '../rpc/backing-off-client.js';
import { getNotificationTransport, getRpcTransport, type Transport } from '../rpc/transport.js';
import { LOG_CONTEXT } from './quiet.js';
import { OSLO_MESSAGING_OPTIONS } from './tokens.js';

/** The transports of an application; closed when it has shut down, after its servers have drained. */
@Injectable()
export class OsloMessagingTransports implements OnApplicationShutdown {
  readonly rpc: Transport;
  readonly notifications: Transport;

  /** @throws ConfigurationError, InvalidTransportURL, DriverLoadFailure */
  constructor(@Inject(OSLO_MESSAGING_OPTIONS) given: Concealed<OsloMessagingOptions> | OsloMessagingOptions) {
    const options = given instanceof Concealed ? given.reveal() : given;
    const withLogger = { ...options, logger: options.logger ?? new Logger(LOG_CONTEXT) };
    this.rpc = getRpcTransport(withLogger);
    this.notifications = getNotificationTransport(withLogger);
    isolateTimeouts(this.rpc);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.rpc.cleanup(), this.notifications.cleanup()]);
  }
}
