import { PEERS, type PeerName } from '../peer.js';
import type { SweepsResult } from '../sweeps/part.js';
import { type Chart, type Line, peerLine } from './chart.js';

/** The charts of the documents. */
export function charts({ concurrency, rates, sizes, pending }: SweepsResult): Chart[] {
  return [
    {
      name: 'throughput',
      title: 'Calls per second, by calls in flight',
      x: { name: 'calls in flight', scale: 'log' },
      y: { name: 'calls/s', scale: 'value', min: 0 },
      lines: perPeer(concurrency, ({ inFlight, callsPerSecond }) => [inFlight, callsPerSecond]),
    },
    {
      name: 'latency',
      title: 'Latency of calls at a given rate: p50, p99 dashed',
      x: { name: 'calls/s that were asked for', scale: 'value', min: 0 },
      y: { name: 'ms', scale: 'log' },
      lines: latencyLines(rates.filter(({ keptUp }) => keptUp)),
    },
    {
      name: 'payload',
      title: 'Calls per second, by size of arguments and result',
      x: { name: 'bytes of JSON', scale: 'log', min: 100 },
      y: { name: 'calls/s', scale: 'log' },
      lines: perPeer(sizes, ({ bytes, callsPerSecond }) => [bytes, callsPerSecond]),
    },
    {
      name: 'memory',
      title: 'Memory of a client, by calls that wait for their reply',
      x: { name: 'pending calls', scale: 'value', min: 0 },
      y: { name: 'MB of heap', scale: 'value', min: 0 },
      lines: perPeer(pending, ({ calls, heapBytes }) => [calls, heapBytes / 1e6]),
    },
  ];
}

function latencyLines(points: SweepsResult['rates']): Line[] {
  return [
    ...perPeer(points, ({ ratePerSecond, p50Ms }) => [ratePerSecond, p50Ms], ', p50'),
    ...perPeer(points, ({ ratePerSecond, p99Ms }) => [ratePerSecond, p99Ms], ', p99').map((it) => ({
      ...it,
      dashed: true,
    })),
  ];
}

function perPeer<Point extends { peer: PeerName }>(
  points: readonly Point[],
  at: (point: Point) => [number, number],
  suffix = '',
): Line[] {
  return PEERS.filter((name) => points.some(({ peer }) => peer === name)).map((name) =>
    peerLine(name, points.filter(({ peer }) => peer === name).map(at), suffix),
  );
}
