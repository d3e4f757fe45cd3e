import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface PeerStyle {
  title: string;
  /** Differs from the others by lightness as well as by hue, with enough contrast on white and on near black. */
  colour: string;
}

/** Peers that the benchmark compares, in the order of tables and legends. */
export const PEERS = {
  floor: { title: 'bare amqplib', colour: '#7a869a' },
  'floor-weak': { title: 'bare amqplib, no guarantees', colour: '#9aa5b1' },
  'nest-rmq': { title: "Nest's RMQ", colour: '#e0234e' },
  golevelup: { title: 'golevelup', colour: '#a05cd6' },
  'rabbitmq-client': { title: 'rabbitmq-client', colour: '#2a9d8f' },
  moleculer: { title: 'moleculer', colour: '#c08a00' },
  'oslo-python': { title: 'oslo.messaging (Python)', colour: '#4b8bbe' },
  oslo: { title: 'this library', colour: '#ff7a1a' },
} satisfies Record<string, PeerStyle>;

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

/** Products in use today. The floors are none: they only show what amqplib allows. */
export const RIVALS: readonly PeerName[] = ['nest-rmq', 'golevelup', 'rabbitmq-client', 'moleculer', 'oslo-python'];

/** Peers of a quick run. They need no further installation. */
export const QUICK_PEERS: readonly PeerName[] = ['floor', 'floor-weak', 'nest-rmq', 'oslo'];

/** Peers of a check, and of the latency chart, which holds two lines for each. */
export const MAIN_PEERS: readonly PeerName[] = ['floor', 'nest-rmq', 'oslo'];

/** Peers of the package `bench/foreign`, which has versions of Nest and amqplib of its own. */
const FOREIGN = ['golevelup', 'rabbitmq-client', 'moleculer'] as const;

/** Modules of this folder, by the peers and variants in them. */
const MODULES = {
  floor: 'floor',
  'floor-topics': 'floor',
  'floor-weak': 'floor-weak',
  'floor-notifications': 'floor-notifications',
  'nest-rmq': 'nest',
  'nest-tcp': 'nest',
  oslo: 'oslo',
  'oslo-topics': 'oslo',
  'oslo-topic-of-many': 'oslo',
  'oslo-clients': 'oslo',
  'oslo-quorum': 'oslo',
  'oslo-notifications': 'oslo-notifications',
} as const;

/** A peer, or one of its variants that a single part measures. */
export type SubjectName = PeerName | keyof typeof MODULES;

/** Address where a server and its client meet. */
export interface Place {
  /** Transport URL, such as `rabbit://user:password@host:port/`. */
  url: string;
  topic: string;
  /** Name of the server on the topic. */
  host: string;
}

export interface BenchServer {
  /** Consumes and acknowledges `count` notifications. Resolves with the seconds that it took. Only listeners have it. */
  drain?(count: number): Promise<number>;
  close(): Promise<void>;
}

export interface BenchClient {
  /** Resolves with the answer to an echo call, or when the broker has confirmed a notification. */
  call(args: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

export interface Peer {
  server(place: Place): Promise<BenchServer>;
  client(place: Place): Promise<BenchClient>;
}

const TOPICS = 200;

/** Names of the topics of a subject that has many. */
export function topicNames({ topic }: Pick<Place, 'topic'>): string[] {
  return Array.from({ length: TOPICS }, (_, index) => `${topic}-${index}`);
}

/** Exchange of quorum queues. It is durable; the exchanges of the other peers are not. */
export const QUORUM_EXCHANGE = 'bench-quorum';

/** Calls that the handlers of this process have answered. */
export const served = { calls: 0 };

export function isForeign(name: SubjectName): name is (typeof FOREIGN)[number] {
  return FOREIGN.some((it) => it === name);
}

/** Loads one peer only: the process of a peer holds nothing of the others. */
export async function loadPeer(name: SubjectName): Promise<Peer> {
  if (name === 'oslo-python') throw new Error('oslo-python runs in bench/python/worker.py');
  // The packages of a foreign peer are found from where its module lies, which is therefore not compiled.
  const module = isForeign(name) ? pathToFileURL(resolve(`bench/foreign/${name}.mjs`)).href : `./${MODULES[name]}.js`;
  const { peers } = (await import(module)) as { peers: Record<string, Peer> };
  const peer = peers[name];
  if (!peer) throw new Error(`${module} has no peer ${name}`);
  return peer;
}
