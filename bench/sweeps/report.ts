import { PEERS, type PeerName } from '../peer.js';
import { fixed } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { SweepsResult } from './part.js';
import { bytesPerPendingCall } from './pending.js';

export function sweepsText({ concurrency, rates, sizes, pending }: SweepsResult): string {
  const peers = PEERS.filter((name) => concurrency.some(({ peer }) => peer === name));
  const parts = [
    table(
      'calls/s, by calls in flight',
      peers,
      concurrency,
      ({ inFlight }) => inFlight,
      (it) => fixed(it.callsPerSecond, 0),
    ),
    table(
      'p99 in ms, by calls/s',
      peers,
      rates,
      (it) => it.ratePerSecond,
      (it) => (it.keptUp ? fixed(it.p99Ms, 1) : 'behind'),
    ),
    table(
      'calls/s, by bytes of arguments',
      peers,
      sizes,
      ({ bytes }) => bytes,
      (it) => fixed(it.callsPerSecond, 0),
    ),
    textTable([
      ['bytes for each pending call', ''],
      ...peers.map((name) => [name, perCall(bytesPerPendingCall(pending, name))]),
    ]),
  ];
  return parts.join('\n\n');
}

function perCall(bytes: number | undefined): string {
  return bytes === undefined ? '-' : bytes.toFixed(0);
}

function table<Point extends { peer: PeerName }>(
  heading: string,
  peers: readonly PeerName[],
  points: readonly Point[],
  x: (point: Point) => number,
  y: (point: Point) => string,
): string {
  const columns = [...new Set(points.map(x))];
  const body = peers.map((peer) => [
    peer,
    ...columns.map((column) => {
      const point = points.find((it) => it.peer === peer && x(it) === column);
      return point ? y(point) : '-';
    }),
  ]);
  return textTable([[heading, ...columns.map(String)], ...body]);
}
