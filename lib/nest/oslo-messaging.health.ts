import { Inject, Injectable } from '@nestjs/common';
import { type DriverStatus, mergeHealth, type TransportHealth, worstOf } from '../core/health.js';
import { OsloMessagingApplication } from './application.js';
import type { MeasuredHealth } from './transports.js';

/** Everything of an application that has a status. The module provides it. */
export interface MonitoredApplication {
  /** Servers that Nest has bound, with their own status. */
  readonly servers: readonly { readonly phase: DriverStatus }[];
  /** Returns the health of each kind of transport of each broker. */
  measure(): MeasuredHealth[];
}

/** Health of the transports for one broker. */
export interface BrokerReport {
  readonly rpc: TransportHealth;
  readonly notifications: TransportHealth;
}

/** Health of the application's transports. */
export interface OsloMessagingReport extends BrokerReport {
  /** Nothing is wrong: every connection in use is up and takes messages, every server listens, every queue is consumed from. */
  readonly healthy: boolean;
  /** The worst of all. */
  readonly status: DriverStatus;
  /** Brokers with a name, by `name` of their `forRoot`; `rpc` and `notifications` beside are those of the one without. */
  readonly brokers: Readonly<Record<string, BrokerReport>>;
}

/**
 * Health of everything that the application runs: the module's transports, servers that Nest has bound (also those made
 * by `new OsloServer(options)`), and client proxies that modules provide. For readiness probes; fits `@nestjs/terminus`
 * without needing it.
 */
@Injectable()
export class OsloMessagingHealth {
  constructor(@Inject(OsloMessagingApplication) private readonly application: MonitoredApplication) {}

  /** Current health. It asks nobody: what is lost is noticed by heartbeats. */
  check(): OsloMessagingReport {
    const measured = this.application.measure();
    const servers = this.application.servers.map(({ phase }) => (phase === 'idle' ? 'connecting' : phase));
    const status = worstOf([...measured.map(({ health }) => health.status), ...servers]);
    const reportOf = (name: string | undefined): BrokerReport => {
      const [rpc, notifications] = (['rpc', 'notifications'] as const).map(
        (kind) => measured.find(({ broker, transport }) => broker === name && transport === kind)?.health,
      );
      return { rpc: rpc ?? mergeHealth([]), notifications: notifications ?? mergeHealth([]) };
    };
    const names = new Set(measured.flatMap(({ broker }) => broker ?? []));
    const brokers = Object.fromEntries([...names].map((name) => [name, reportOf(name)]));
    // A transport that has not been used yet connects on first use.
    return { healthy: status === 'connected' || status === 'idle', status, ...reportOf(undefined), brokers };
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
