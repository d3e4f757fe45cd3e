import { Injectable } from '@nestjs/common';
import { type DriverStatus, type TransportHealth, worstOf } from '../core/health.js';
import { OsloMessagingTransports } from './transports.js';

/** How the application's transports are. */
export interface OsloMessagingReport {
  /** Nothing is wrong: every connection in use is up and takes messages, every queue is consumed from. */
  readonly healthy: boolean;
  /** The worse of both. */
  readonly status: DriverStatus;
  readonly rpc: TransportHealth;
  readonly notifications: TransportHealth;
}

/** Health of the module's transports, for readiness probes. Fits `@nestjs/terminus` without needing it. */
@Injectable()
export class OsloMessagingHealth {
  constructor(private readonly transports: OsloMessagingTransports) {}

  /** How everything is now. It asks nobody: what is lost is noticed by heartbeats. */
  check(): OsloMessagingReport {
    const rpc = this.transports.rpc.health();
    const notifications = this.transports.notifications.health();
    const status = worstOf([rpc.status, notifications.status]);
    // What has not been used yet connects when it is.
    return { healthy: status === 'connected' || status === 'idle', status, rpc, notifications };
  }

  /**
   * The same as an indicator of `@nestjs/terminus`: `health.check([() => oslo.isHealthy('rabbitmq')])`.
   * @param key its name in the result
   */
  isHealthy<const Key extends string = 'oslo'>(key = 'oslo' as Key) {
    const { healthy, status: messaging, ...transports } = this.check();
    const result = { status: healthy ? ('up' as const) : ('down' as const), messaging, ...transports };
    return { [key]: result } as Record<Key, typeof result>;
  }
}
