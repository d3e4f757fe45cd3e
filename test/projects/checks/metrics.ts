// The entry point with an optional peer.
import { getRpcTransport } from 'nestjs-oslo-messaging';
import { collectMetrics, prometheus } from 'nestjs-oslo-messaging/prometheus';

export const stop: () => void = collectMetrics({ rpc: getRpcTransport() });
export const measured = getRpcTransport({ instrumentation: [prometheus({ prefix: 'measured_' })] });
