import { Logger } from '@nestjs/common';
import {
  BackingOffClient,
  getRpcTransport,
  RequestContext,
  RequestContextSerializer,
  Target,
} from 'nestjs-oslo-messaging';
import type { BenchClient, Place } from '../peer.js';

export async function startOsloClient({ url, topic }: Place): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const transport = getRpcTransport({ transportUrl: url });
  const client = new BackingOffClient(transport, new Target({ topic, version: '1.0' }), {
    serializer: new RequestContextSerializer(),
  });
  const context = RequestContext.fromDict({ user_id: 'u' });
  return {
    call: (args) => client.call(context, 'echo', args),
    close: () => transport.cleanup(),
  };
}
