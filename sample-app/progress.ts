import { getNotificationListener, getNotificationTransport, Target } from 'nestjs-oslo-messaging';
import { options } from './settings.js';

export interface Progress {
  /** Event types so far; of one VNF, where an identifier is given. */
  seen(id?: string): string[];
  close(): Promise<void>;
}

/** Listens to what the conductor notifies. */
export async function watchProgress(): Promise<Progress> {
  const events: { type: string; id: unknown }[] = [];
  const endpoint = {
    info(_ctxt: unknown, _publisherId: string, type: string, payload: unknown): void {
      events.push({ type, id: (payload as { id?: unknown } | null)?.id });
      if (events.length > 1000) events.shift();
    },
  };
  const transport = getNotificationTransport(options({ host: 'progress' }));
  const listener = getNotificationListener(transport, [new Target({ topic: 'notifications' })], [endpoint]);
  await listener.start();
  return {
    seen: (id) => events.filter((event) => id === undefined || event.id === id).map((event) => event.type),
    close: async () => {
      await listener.stop();
      await listener.wait();
      await transport.cleanup();
    },
  };
}
