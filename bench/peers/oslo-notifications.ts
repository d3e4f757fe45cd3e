import * as oslo from 'nestjs-oslo-messaging';
import { startServer } from './oslo.js';
import type { Call, Listen, Peer, Place } from './peer.js';

const CONCURRENCY = 100;

async function client({ url, topic }: Place): Promise<Call> {
  const transport = oslo.getNotificationTransport({ transportUrl: url });
  const serializer = new oslo.RequestContextSerializer();
  const notifier = new oslo.Notifier(transport, { publisherId: 'bench.host1', topics: [topic], serializer });
  const context = oslo.RequestContext.fromDict({ user_id: 'u' });
  return (payload) => notifier.info(context, 'bench.happened', payload);
}

/** Starts a microservice with one endpoint for each round. */
async function server({ url, topic }: Place): Promise<Listen> {
  return async (add) => {
    @oslo.NotificationEndpoint({ topics: [topic] })
    class Listener {
      @oslo.OnNotification({ priority: 'info' })
      on(@oslo.NotificationPayload() payload: unknown): void {
        add(payload);
      }
    }
    const app = await startServer([Listener], { transportUrl: url, concurrency: CONCURRENCY });
    return () => app.close();
  };
}

/** Notifications of this library. */
export const peers: Record<string, Peer> = { 'oslo-notifications': { server, client } };
