import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type DriverStatus, mergeHealth } from '../../../lib/core/health.js';
import { OsloMessagingHealth } from '../../../lib/nest/oslo-messaging.health.js';
import { collectMetrics } from '../../../lib/observability/prometheus.js';

describe('the health of an application', () => {
  it.each<[DriverStatus, boolean, DriverStatus]>([
    ['idle', false, 'connecting'],
    ['connecting', false, 'connecting'],
    ['connected', true, 'connected'],
    ['degraded', true, 'degraded'],
    ['blocked', false, 'blocked'],
    ['disconnected', false, 'disconnected'],
    ['closed', false, 'closed'],
  ])('with a server that is %s: healthy is %s, the status %s', (phase, healthy, status) => {
    const health = new OsloMessagingHealth({ servers: [{ phase }], measure: () => [] });
    expect(health.check()).toMatchObject({ healthy, status });
    expect(health.isHealthy('mq').mq.status).toBe(healthy ? 'up' : 'down');
  });

  it.each<[DriverStatus, boolean]>([
    ['connecting', false],
    ['connected', true],
    ['degraded', true],
    ['blocked', false],
    ['disconnected', false],
    ['closed', false],
  ])('agrees with the metrics about a transport that is %s: %s', async (status, healthy) => {
    const health = { ...mergeHealth([]), status };
    const measure = () => [{ transport: 'rpc' as const, broker: undefined, health }];
    const register = new Registry();
    collectMetrics({ measure }, { register });
    const { values = [] } = (await register.getSingleMetric('oslo_messaging_up')?.get()) ?? {};
    expect(values.map(({ value }) => value)).toEqual([Number(healthy)]);
    expect(new OsloMessagingHealth({ servers: [], measure, closing: false }).check().healthy).toBe(healthy);
  });

  it('is closed from the first step of the shutdown on', () => {
    const application = { servers: [{ phase: 'connected' as const }], measure: () => [], closing: false };
    const health = new OsloMessagingHealth(application);
    expect(health.check()).toMatchObject({ healthy: true, status: 'connected' });
    application.closing = true;
    expect(health.check()).toMatchObject({ healthy: false, status: 'closed' });
    expect(health.isHealthy()).toMatchObject({ oslo: { status: 'down', messaging: 'closed' } });
  });
});
