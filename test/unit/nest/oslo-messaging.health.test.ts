import { describe, expect, it } from 'vitest';
import type { DriverStatus } from '../../../lib/core/health.js';
import { OsloMessagingHealth } from '../../../lib/nest/oslo-messaging.health.js';

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

  it('is closed from the first step of the shutdown on', () => {
    const application = { servers: [{ phase: 'connected' as const }], measure: () => [], closing: false };
    const health = new OsloMessagingHealth(application);
    expect(health.check()).toMatchObject({ healthy: true, status: 'connected' });
    application.closing = true;
    expect(health.check()).toMatchObject({ healthy: false, status: 'closed' });
    expect(health.isHealthy()).toMatchObject({ oslo: { status: 'down', messaging: 'closed' } });
  });
});
