import type { PeerName, StartClient, StartServer } from './peer.js';

interface PeerLoader {
  server(): Promise<StartServer>;
  client(): Promise<StartClient>;
}

/** Loaded on demand, so that the process of one peer holds nothing of the others. */
export const peerLoaders: Record<PeerName, PeerLoader> = {
  floor: {
    server: async () => (await import('./peers/floor-server.js')).startFloorServer,
    client: async () => (await import('./peers/floor-client.js')).startFloorClient,
  },
  'nest-rmq': {
    server: async () => (await import('./peers/nest-rmq-server.js')).startNestRmqServer,
    client: async () => (await import('./peers/nest-rmq-client.js')).startNestRmqClient,
  },
  oslo: {
    server: async () => (await import('./peers/oslo-server.js')).startOsloServer,
    client: async () => (await import('./peers/oslo-client.js')).startOsloClient,
  },
};
