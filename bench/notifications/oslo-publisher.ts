import { Logger } from '@nestjs/common';
import { getNotificationTransport, Notifier, RequestContext, RequestContextSerializer } from 'nestjs-oslo-messaging';
import type { BenchClient, Place } from '../peer.js';
import { EVENT_TYPE, PUBLISHER_ID } from './floor-notification.js';

export async function startOsloPublisher({ url, topic }: Place): Promise<BenchClient> {
  Logger.overrideLogger(['warn', 'error']);
  const transport = getNotificationTransport({ transportUrl: url });
  const notifier = new Notifier(transport, {
    publisherId: PUBLISHER_ID,
    topics: [topic],
    serializer: new RequestContextSerializer(),
  });
  const context = RequestContext.fromDict({ user_id: 'u' });
  return {
    call: (payload) => notifier.info(context, EVENT_TYPE, payload),
    close: () => transport.cleanup(),
  };
}
