// The entry point with another optional peer.
import { getRpcTransport, type Instrumentation } from 'nestjs-oslo-messaging';
import { openTelemetry } from 'nestjs-oslo-messaging/opentelemetry';

export const traces: Instrumentation = openTelemetry({ amqpHeaders: true });
export const transport = getRpcTransport({ instrumentation: [traces] });
