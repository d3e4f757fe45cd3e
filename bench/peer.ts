/** What the benchmark sets side by side. The order is that of the table's columns. */
export const PEERS = [
  'floor',
  'floor-weak',
  'nest-rmq',
  'golevelup',
  'rabbitmq-client',
  'moleculer',
  'oslo-python',
  'oslo',
] as const;

export type PeerName = (typeof PEERS)[number];

/** What people use today. The floors are no products, and the weak one gives up what a call needs: neither competes. */
export const RIVALS: readonly PeerName[] = ['nest-rmq', 'golevelup', 'rabbitmq-client', 'moleculer', 'oslo-python'];

/** Those of the benchmark's own package (bench/foreign). */
export const FOREIGN_PEERS: readonly PeerName[] = ['golevelup', 'rabbitmq-client', 'moleculer'];

/** Those that are there after `npm ci`, for the quick run. */
export const QUICK_PEERS: readonly PeerName[] = ['floor', 'floor-weak', 'nest-rmq', 'oslo'];

/** What this library is built on, what Nest has, and itself: those that the guard and the curves of latency are about. */
export const MAIN_PEERS: readonly PeerName[] = ['floor', 'nest-rmq', 'oslo'];

/** Subjects of one part each: this library and the floor in other settings, and what `memory://` is measured beside. */
export const VARIANTS = [
  'oslo-topics',
  'floor-topics',
  'oslo-topic-of-many',
  'oslo-clients',
  'oslo-quorum',
  'nest-tcp',
] as const;

export type SubjectName = PeerName | (typeof VARIANTS)[number];

/** How a peer is called in documents and charts. */
export const PEER_TITLES: Record<PeerName, string> = {
  floor: 'bare amqplib',
  'floor-weak': 'bare amqplib, no guarantees',
  'nest-rmq': "Nest's RMQ",
  golevelup: 'golevelup',
  'rabbitmq-client': 'rabbitmq-client',
  moleculer: 'moleculer',
  'oslo-python': 'oslo.messaging (Python)',
  oslo: 'this library',
};

/** Where a server and its client meet. */
export interface Place {
  /** `rabbit://user:password@host:port/`, or what the subject has instead. */
  url: string;
  topic: string;
  /** The server's name, where several share the topic. @default 'bench' */
  host?: string;
}

export interface BenchServer {
  close(): Promise<void>;
}

export interface BenchClient {
  /** One echo call: resolves with the server's answer. */
  call(args: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

export type StartServer = (place: Place) => Promise<BenchServer>;
export type StartClient = (place: Place) => Promise<BenchClient>;
