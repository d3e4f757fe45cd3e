import type { PeerName } from '../peer.js';
import type { PendingPoint } from './part.js';

/** What one more pending call takes, of so many; undefined where it was not measured. */
export function bytesPerPendingCall(points: readonly PendingPoint[], peer: PeerName): number | undefined {
  const ours = points.filter((point) => point.peer === peer).toSorted((a, b) => a.calls - b.calls);
  const first = ours[0];
  const last = ours.at(-1);
  if (!first || !last || first === last) return undefined;
  return (last.heapBytes - first.heapBytes) / (last.calls - first.calls);
}
