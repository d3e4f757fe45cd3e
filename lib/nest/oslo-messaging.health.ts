import { Inject, Injectable } from '@nestjs/common';
import { type DriverStatus, isServing, mergeHealth, type TransportHealth, worstOf } from '../core/health.js';
import { OsloMessagingApplication } from './application.js';
import { sharedNestClass } from './shared-in-nest.js';
import type { MeasuredHealth } from './transports.js';

/** Servers and transports of an application, which the module provides. */
export interface MonitoredApplication {
  /** Servers that Nest has bound, with their own status. */
  readonly servers: readonly { readonly phase: DriverStatus }[];
  /** True while the application shuts down. @default false */
  readonly closing?: boolean | undefined;
  /** Returns the health of each kind of transport of each broker. */
  measure(): MeasuredHealth[];
}

/** Health of the transports for one broker. */
export interface BrokerReport {
  /** Health of the transports for RPC. */
  readonly rpc: TransportHealth;
  /** Health of the transports for notifications. */
  readonly notifications: TransportHealth;
}

/** Health of the application's transports. */
export interface OsloMessagingReport extends BrokerReport {
  /**
   * True while every connection in use is up and not blocked, every server listens and every queue is consumed. A fanout
   * stream may be missing, and the node may owe an answer for at most 10 seconds (`degraded`). False from the first step of
   * the application's shutdown on.
   */
  readonly healthy: boolean;
  /** Worst status of all transports and servers; `closed` while the application shuts down. */
  readonly status: DriverStatus;
  /** Brokers with a name, by `name` of their `forRoot`. `rpc` and `notifications` beside it belong to the broker without a name. */
  readonly brokers: Readonly<Record<string, BrokerReport>>;
}

/**
 * Health of an application: the module's transports, servers that Nest has bound (those made by `new OsloServer(options)`
 * included), and client proxies that modules provide. For readiness probes. Works with `@nestjs/terminus` and does not need
 * it.
 */
@sharedNestClass('OsloMessagingHealth')
@Injectable()
export class OsloMessagingHealth {
  /** Created by the module: inject it. @param application servers and transports to report on */
  constructor(@Inject(OsloMessagingApplication) private readonly application: MonitoredApplication) {}

  /** Returns the current health. Sends nothing to the broker: heartbeats detect lost connections. */
  check(): OsloMessagingReport {
    const measured = this.application.measure();
    const servers = this.application.servers.map(({ phase }) => (phase === 'idle' ? 'connecting' : phase));
    const closing: DriverStatus[] = this.application.closing ? ['closed'] : [];
    const status = worstOf([...closing, ...measured.map(({ health }) => health.status), ...servers]);
    const reportOf = (name: string | undefined): BrokerReport => {
      const [rpc, notifications] = (['rpc', 'notifications'] as const).map(
        (kind) => measured.find(({ broker, transport }) => broker === name && transport === kind)?.health,
      );
      return { rpc: rpc ?? mergeHealth([]), notifications: notifications ?? mergeHealth([]) };
    };
    const names = new Set(measured.flatMap(({ broker }) => broker ?? []));
    const brokers = Object.fromEntries([...names].map((name) => [name, reportOf(name)]));
    // A transport that was not used yet is idle: it connects on first use.
    return { healthy: status === 'idle' || isServing(status), status, ...reportOf(undefined), brokers };
  }

  /**
   * Returns the current health as an indicator of `@nestjs/terminus`: `health.check([() => oslo.isHealthy('rabbitmq')])`.
   * @param key name in the result. Default: `oslo`
   */
  isHealthy<const Key extends string = 'oslo'>(key = 'oslo' as Key) {
    const { healthy, status: messaging, ...transports } = this.check();
    const result = { status: healthy ? ('up' as const) : ('down' as const), messaging, ...transports };
    return { [key]: result } as Record<Key, typeof result>;
  }
}
