import type { SweepsResult } from '../parts/sweeps.js';
import { PEER_NAMES, PEERS, type PeerName } from '../peers/peer.js';

/** A picture of the documents. */
export interface Chart {
  /** Name of the file, without its ending. */
  name: string;
  title: string;
  width: number;
  height: number;
  /** Content as echarts has it: https://echarts.apache.org/en/option.html */
  option: Record<string, unknown>;
}

export interface Line {
  name: string;
  colour: string;
  dashed: boolean;
  points: [x: number, y: number][];
}

interface Axis {
  name: string;
  type: 'value' | 'log';
  min?: number;
}

/** Fits both themes: a picture in a document cannot ask for the theme of its reader. */
export const TEXT = '#7d8590';
const GRID = '#7d859040';
const WIDTH = 760;
const HEIGHT = 440;

/** Options that all charts share. */
export function commonOption(title: string): Record<string, unknown> {
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: 'system-ui, sans-serif', color: TEXT },
    title: { text: title, left: 'center', textStyle: { color: TEXT, fontSize: 15 } },
  };
}

/** Returns the charts of the sweeps, with a line for each peer. */
export function sweepCharts({ concurrency, rates, sizes, pending }: SweepsResult): Chart[] {
  const inFlight: Axis = { name: 'calls in flight', type: 'log' };
  const asked: Axis = { name: 'calls/s that were asked for', type: 'value', min: 0 };
  const bytes: Axis = { name: 'bytes of JSON', type: 'log', min: 100 };
  const waiting: Axis = { name: 'pending calls', type: 'value', min: 0 };
  const perSecond: Axis = { name: 'calls/s', type: 'value', min: 0 };
  const kept = rates.filter(({ keptUp }) => keptUp);
  return [
    chart(
      ['throughput', 'Calls per second, by calls in flight'],
      [inFlight, perSecond],
      linesOf(concurrency, (it) => [it.inFlight, it.callsPerSecond]),
    ),
    chart(
      ['latency', 'Latency of calls at a given rate: p50, p99 dashed'],
      [asked, { name: 'ms', type: 'log' }],
      [
        ...linesOf(kept, ({ ratePerSecond, p50Ms }) => [ratePerSecond, p50Ms], { suffix: ', p50' }),
        ...linesOf(kept, ({ ratePerSecond, p99Ms }) => [ratePerSecond, p99Ms], { suffix: ', p99', dashed: true }),
      ],
    ),
    chart(
      ['payload', 'Calls per second, by size of arguments and result'],
      [bytes, { name: 'calls/s', type: 'log' }],
      linesOf(sizes, (it) => [it.bytes, it.callsPerSecond]),
    ),
    chart(
      ['memory', 'Memory of a client, by calls that wait for their reply'],
      [waiting, { name: 'MB of heap', type: 'value', min: 0 }],
      linesOf(pending, ({ calls, heapBytes }) => [calls, heapBytes / 1e6]),
    ),
  ];
}

/** Returns a line for each measured peer, from left to right. */
export function linesOf<Point extends { peer: PeerName }>(
  points: readonly Point[],
  at: (point: Point) => [number, number],
  { suffix = '', dashed = false } = {},
): Line[] {
  return PEER_NAMES.filter((name) => points.some(({ peer }) => peer === name)).map((name) => ({
    name: PEERS[name].title + suffix,
    colour: PEERS[name].colour,
    dashed: dashed || name === 'floor-weak',
    points: points
      .filter(({ peer }) => peer === name)
      .map(at)
      .toSorted(([a], [b]) => a - b),
  }));
}

function chart([name, title]: [string, string], [x, y]: [Axis, Axis], lines: Line[]): Chart {
  const option = {
    ...commonOption(title),
    legend: { bottom: 0, type: 'plain', itemGap: 26, itemWidth: 20, textStyle: { color: TEXT, fontSize: 11 } },
    grid: { left: 78, right: 28, top: 48, bottom: 104 },
    xAxis: { ...axis(x), nameGap: 28 },
    yAxis: { ...axis(y), nameGap: 58 },
    series: lines.map(({ name, colour, dashed, points }) => ({
      name,
      type: 'line',
      data: points,
      symbolSize: 6,
      symbol: 'circle',
      itemStyle: { color: colour },
      lineStyle: { color: colour, width: 2, type: dashed ? 'dashed' : 'solid' },
    })),
  };
  return { name, title, width: WIDTH, height: HEIGHT, option };
}

function axis(given: Axis): Record<string, unknown> {
  return {
    ...given,
    nameLocation: 'middle',
    nameTextStyle: { color: TEXT },
    axisLabel: { color: TEXT },
    axisLine: { lineStyle: { color: TEXT } },
    splitLine: { lineStyle: { color: GRID } },
  };
}
