import { Logger } from '@nestjs/common';
import {
  BackingOffClient,
  getRpcTransport,
  type OsloMessagingOptions,
  RequestContext,
  RequestContextSerializer,
  Target,
} from 'nestjs-oslo-messaging';
import type { BenchClient, Place } from '../peer.js';

export async function startOsloClient(place: Place, options: OsloMessagingOptions = {}): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const transport = getRpcTransport({ transportUrl: place.url, ...options });
  const client = new BackingOffClient(transport, new Target({ topic: place.topic, version: '1.0' }), {
    serializer: new RequestContextSerializer(),
  });
  const context = RequestContext.fromDict({ user_id: 'u' });
  return {
    call: (args) => client.call(context, 'echo', args),
    close: () => transport.cleanup(),
  };
}
