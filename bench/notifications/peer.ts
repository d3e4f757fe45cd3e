import type { BenchClient, Place } from '../peer.js';

/** What the benchmark sets side by side: Nest's own transport has no notifications. */
export const NOTIFICATION_PEERS = ['floor', 'oslo'] as const;

export type NotificationPeerName = (typeof NOTIFICATION_PEERS)[number];

export interface Drained {
  seconds: number;
  cpuMicros: number;
}

export interface BenchListener {
  /** Takes so many notifications, each of which is acknowledged, and lets go of the queue. */
  drain(count: number): Promise<Drained>;
  close(): Promise<void>;
}

/** A publisher's `call` resolves when the broker has confirmed one notification. */
export type StartPublisher = (place: Place) => Promise<BenchClient>;
export type StartListener = (place: Place) => Promise<BenchListener>;
