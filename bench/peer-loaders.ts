import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StartClient, StartServer, SubjectName } from './peer.js';

interface PeerLoader {
  server(): Promise<StartServer>;
  client(): Promise<StartClient>;
}

/** Loaded on demand, so that the process of one peer holds nothing of the others. Python has a worker of its own. */
export const peerLoaders: Record<Exclude<SubjectName, 'oslo-python'>, PeerLoader> = {
  floor: {
    server: async () => (await import('./peers/floor-server.js')).startFloorServer,
    client: async () => (await import('./peers/floor-client.js')).startFloorClient,
  },
  'floor-weak': {
    server: async () => (await import('./peers/floor-weak-server.js')).startFloorWeakServer,
    client: async () => (await import('./peers/floor-weak-client.js')).startFloorWeakClient,
  },
  'nest-rmq': {
    server: async () => (await import('./peers/nest-rmq-server.js')).startNestRmqServer,
    client: async () => (await import('./peers/nest-rmq-client.js')).startNestRmqClient,
  },
  golevelup: foreign('golevelup'),
  'rabbitmq-client': foreign('rabbitmq-client'),
  moleculer: foreign('moleculer'),
  oslo: {
    server: async () => (await import('./peers/oslo-server.js')).startOsloServer,
    client: async () => (await import('./peers/oslo-client.js')).startOsloClient,
  },
  'nest-tcp': {
    server: async () => (await import('./peers/nest-tcp.js')).startNestTcpServer,
    client: async () => (await import('./peers/nest-tcp.js')).startNestTcpClient,
  },
  'floor-topics': {
    server: async () => (await import('./peers/floor-topics.js')).startFloorTopicsServer,
    client: async () => (await import('./peers/floor-topics.js')).startFloorTopicsClient,
  },
  'oslo-topics': {
    server: async () => (await import('./peers/oslo-topics.js')).startTopicsServer,
    client: async () => (await import('./peers/oslo-topics.js')).startTopicsClient,
  },
  'oslo-topic-of-many': {
    server: async () => (await import('./peers/oslo-topics.js')).startTopicsServer,
    client: async () => (await import('./peers/oslo-topics.js')).startTopicClient,
  },
  'oslo-clients': {
    server: async () => (await import('./peers/oslo-server.js')).startOsloServer,
    client: async () => (await import('./peers/oslo-clients.js')).startOsloClients,
  },
  'oslo-quorum': {
    server: async () => (await import('./peers/oslo-quorum.js')).startQuorumServer,
    client: async () => (await import('./peers/oslo-quorum.js')).startQuorumClient,
  },
};

interface ForeignModule {
  startServer: StartServer;
  startClient: StartClient;
}

/**
 * A module of bench/foreign, a package apart: its transports need another Nest and another amqplib than this repository,
 * and whoever installs the repository does not want them. Not compiled, since their types are not there to check against.
 */
function foreign(name: string): PeerLoader {
  const load = async (): Promise<ForeignModule> => import(pathToFileURL(resolve(`bench/foreign/${name}.mjs`)).href);
  return {
    server: async () => (await load()).startServer,
    client: async () => (await load()).startClient,
  };
}
