import type { NotificationPeerName, StartListener, StartPublisher } from './peer.js';

interface PeerLoader {
  publisher(): Promise<StartPublisher>;
  listener(): Promise<StartListener>;
}

/** Loaded on demand, so that the process of one peer holds nothing of the other. */
export const notificationPeerLoaders: Record<NotificationPeerName, PeerLoader> = {
  floor: {
    publisher: async () => (await import('./floor-publisher.js')).startFloorPublisher,
    listener: async () => (await import('./floor-listener.js')).startFloorListener,
  },
  oslo: {
    publisher: async () => (await import('./oslo-publisher.js')).startOsloPublisher,
    listener: async () => (await import('./oslo-listener.js')).startOsloListener,
  },
};
