import type { RunningPeer } from './running-peer.js';

export interface Flood {
  sent: number;
  answered: number;
  errors: number;
  firstError: string | null;
  seconds: number;
}

/** All calls at once, each of which must be answered: limits and buffers must not lose one on the way. */
export async function flood(peer: RunningPeer, calls: number): Promise<Flood> {
  const { answered, errors, firstError, seconds } = await peer.measure({ inFlight: calls, seconds: 0 });
  return { sent: calls, answered, errors, firstError, seconds };
}
