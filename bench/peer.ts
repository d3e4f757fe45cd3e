/** What the benchmark sets side by side. The order is that of the table's columns. */
export const PEERS = ['floor', 'nest-rmq', 'oslo'] as const;

export type PeerName = (typeof PEERS)[number];

/** Where a server and its client meet. */
export interface Place {
  /** `rabbit://user:password@host:port/` */
  url: string;
  topic: string;
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
