import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Args } from '../running/payload.js';

/**
 * Peers that the benchmark compares, in the order of tables and legends. Colours differ by lightness as well as by hue,
 * with enough contrast on white and on near black.
 */
export const PEERS = {
  floor: { title: 'bare amqplib', colour: '#7a869a' },
  'floor-weak': { title: 'bare amqplib, no guarantees', colour: '#9aa5b1' },
  'nest-rmq': { title: "Nest's RMQ", colour: '#e0234e' },
  golevelup: { title: 'golevelup', colour: '#a05cd6' },
  'rabbitmq-client': { title: 'rabbitmq-client', colour: '#2a9d8f' },
  moleculer: { title: 'moleculer', colour: '#c08a00' },
  'oslo-python': { title: 'oslo.messaging (Python)', colour: '#4b8bbe' },
  oslo: { title: 'this library', colour: '#ff7a1a' },
};

export type PeerName = keyof typeof PEERS;

/** A peer, or one of its variants that a single part measures. */
export type SubjectName =
  | PeerName
  | `oslo-explored-${'off' | 'registered' | 'page'}`
  | `oslo-observed-${'metrics' | 'traces' | 'all'}`
  | `oslo-${'clients' | 'notifications' | 'quorum' | 'topics' | 'topic-of-many'}`
  | 'floor-envelope'
  | 'floor-notifications'
  | 'floor-topics'
  | `pressed-${'nest' | 'oslo' | 'plain'}`
  | 'nest-tcp';

export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

/** Products in use today. The floors are none: they only show what amqplib allows. */
export const RIVALS: readonly PeerName[] = ['nest-rmq', 'golevelup', 'rabbitmq-client', 'moleculer', 'oslo-python'];

/** Peers of a quick run. They need no further installation. */
export const QUICK_PEERS: readonly PeerName[] = ['floor', 'floor-weak', 'nest-rmq', 'oslo'];

/** Peers of a check, and of the latency chart, which holds two lines for each. */
export const MAIN_PEERS: readonly PeerName[] = ['floor', 'nest-rmq', 'oslo'];

/** Peers of the package `bench/foreign`, which has versions of Nest and amqplib of its own. */
const FOREIGN: readonly SubjectName[] = ['golevelup', 'rabbitmq-client', 'moleculer'];

/** Modules of this folder. The first one that begins the name of a subject holds it. */
const MODULES = [
  'floor-notifications',
  'floor-weak',
  'floor',
  'nest',
  'oslo-notifications',
  'oslo-explored',
  'oslo-observed',
  'oslo',
  'pressed',
];

/** Address where a server and its client meet. */
export interface Place {
  /** Transport URL, such as `rabbit://user:password@host:port/`. */
  url: string;
  topic: string;
  /** Name of the server on the topic. */
  host: string;
}

/** Resolves with the answer to an echo call, or when the broker has confirmed a notification. */
export type Call = (args: Args) => Promise<unknown>;

/** Passes the payloads of notifications to `add` and acknowledges them. Resolves with a function that ends this. */
export type Listen = (add: (payload: unknown) => void) => Promise<() => Promise<unknown>>;

/** Client and server have processes of their own, and end with them. */
export interface Peer {
  /** Resolves when the server answers calls. A listener resolves with `Listen`. */
  server(place: Place): Promise<unknown>;
  client(place: Place): Promise<Call>;
}

const TOPICS = 200;

/** Names of the topics of a subject that has many. */
export function topicNames({ topic }: Pick<Place, 'topic'>): string[] {
  return Array.from({ length: TOPICS }, (_, index) => `${topic}-${index}`);
}

/** Calls that the handlers of this process have answered. */
export const served = { calls: 0 };

export function isForeign(name: SubjectName): boolean {
  return FOREIGN.includes(name);
}

/** Loads one peer only: the process of a peer holds nothing of the others. */
export async function loadPeer(name: SubjectName): Promise<Peer> {
  const own = MODULES.find((module) => name.startsWith(module));
  // The packages of a foreign peer are found from where its module lies, which is therefore not compiled.
  const module = isForeign(name) ? pathToFileURL(resolve(`bench/foreign/${name}.mjs`)).href : `./${own}.js`;
  const { peers } = (await import(module)) as { peers: Record<string, Peer> };
  const peer = peers[name];
  if (!peer) throw new Error(`${module} has no peer ${name}`);
  return peer;
}
