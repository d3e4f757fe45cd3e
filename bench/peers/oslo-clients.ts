import {
  BackingOffClient,
  getRpcTransport,
  RequestContext,
  RequestContextSerializer,
  Target,
} from 'nestjs-oslo-messaging';
import type { BenchClient, Place } from '../peer.js';

const CLIENTS = 100;

/** A hundred clients of one transport, as an application with many modules has them, in turn. */
export async function startOsloClients({ url, topic }: Place): Promise<BenchClient> {
  const transport = getRpcTransport({ transportUrl: url });
  const target = new Target({ topic, version: '1.0' });
  const make = () => new BackingOffClient(transport, target, { serializer: new RequestContextSerializer() });
  const clients = Array.from({ length: CLIENTS }, make);
  const context = RequestContext.fromDict({ user_id: 'u' });
  let turn = 0;
  return {
    call: (args) => {
      const client = clients[turn++ % CLIENTS];
      if (!client) throw new Error('no such client');
      return client.call(context, 'echo', args);
    },
    close: () => transport.cleanup(),
  };
}
