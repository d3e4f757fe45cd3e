import type { Load } from './load.js';
import type { NotificationPeerName } from './notifications/peer.js';
import type { PeerName, Place } from './peer.js';

/** From the benchmark to one of its processes. Commands go one at a time, and each has one answer. */
export type Command =
  | { kind: 'serve'; peer: PeerName; place: Place }
  | { kind: 'connect'; peer: PeerName; place: Place }
  | { kind: 'load'; load: Load }
  | { kind: 'cpu' }
  | { kind: 'publisher'; peer: NotificationPeerName; place: Place }
  | { kind: 'listener'; peer: NotificationPeerName; place: Place }
  | { kind: 'publish'; count: number; inFlight: number }
  | { kind: 'drain'; count: number }
  | { kind: 'soak'; place: Place; count: number }
  | { kind: 'stop' };

export type Answer = { ok: true; value: unknown } | { ok: false; error: string };
