import type { Load, Pace } from './load.js';
import type { NotificationPeerName } from './notifications/peer.js';
import type { Place, SubjectName } from './peer.js';

/** From the benchmark to one of its processes. Commands go one at a time, and each has one answer. */
export type Command =
  | { kind: 'serve'; peer: SubjectName; place: Place }
  | { kind: 'connect'; peer: SubjectName; place: Place }
  | { kind: 'load'; load: Load; args: Record<string, unknown> }
  | { kind: 'pace'; pace: Pace; args: Record<string, unknown> }
  | { kind: 'pend'; count: number }
  | { kind: 'settle' }
  | { kind: 'cpu' }
  | { kind: 'memory' }
  | { kind: 'connections' }
  | { kind: 'served' }
  | { kind: 'profile' }
  | { kind: 'profiled' }
  | { kind: 'publisher'; peer: NotificationPeerName; place: Place }
  | { kind: 'listener'; peer: NotificationPeerName; place: Place }
  | { kind: 'publish'; count: number; inFlight: number }
  | { kind: 'drain'; count: number }
  | { kind: 'soak'; place: Place; count: number }
  | { kind: 'stop' };

export type Answer = { ok: true; value: unknown } | { ok: false; error: string };
