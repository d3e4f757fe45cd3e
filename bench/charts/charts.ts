import { type OverloadResult, overloadLines } from '../parts/overload.js';
import type { SweepsResult } from '../parts/sweeps.js';
import { PEER_NAMES, PEERS, type PeerName } from '../peers/peer.js';

/** A chart of the documents, without its place. */
export interface Chart {
  /** Name of the file, without its ending. */
  name: string;
  title: string;
  /** Content as echarts has it: https://echarts.apache.org/en/option.html */
  option: { series: object[]; [name: string]: unknown };
}

type Axis = { name: string; type: 'value' | 'log'; min?: number; max?: number };

/** Fits both themes: a picture in a document cannot ask for the theme of its reader. */
const TEXT = '#7d8590';
const GRID = '#7d859040';

const TITLES = {
  throughput: 'Calls per second, by calls in flight',
  latency: 'Latency of calls at a given rate: p50, p99 dashed',
  payload: 'Calls per second, by size of arguments and result',
  memory: 'Memory of a client, by calls that wait for their reply',
  overload: 'Calls answered in time while four times as many arrive',
};

/** Returns the charts of the sweeps, with a line for each peer. */
export function sweepCharts({ concurrency, rates, sizes, pending }: SweepsResult): Chart[] {
  const linear = (name: string): Axis => ({ name, type: 'value', min: 0 });
  const log = (name: string): Axis => ({ name, type: 'log' });
  const kept = rates.filter(({ keptUp }) => keptUp);
  const throughput = linesOf(concurrency, (it) => [it.inFlight, it.callsPerSecond]);
  const latency = [
    ...linesOf(kept, ({ ratePerSecond, p50Ms }) => [ratePerSecond, p50Ms], { suffix: ', p50' }),
    ...linesOf(kept, ({ ratePerSecond, p99Ms }) => [ratePerSecond, p99Ms], { suffix: ', p99', dashed: true }),
  ];
  const payload = linesOf(sizes, (it) => [it.bytes, it.callsPerSecond]);
  const memory = linesOf(pending, ({ calls, heapBytes }) => [calls, heapBytes / 1e6]);
  return [
    chart('throughput', log('calls in flight'), linear('calls/s'), throughput),
    chart('latency', linear('calls/s that were asked for'), log('ms'), latency),
    chart('payload', { ...log('bytes of JSON'), min: 100 }, log('calls/s'), payload),
    chart('memory', linear('pending calls'), linear('MB of heap'), memory),
  ];
}

/** Returns the chart of the overload: the part of its capacity that each server used for callers that still waited. */
export function overloadChart(result: OverloadResult): Chart {
  const series = overloadLines(result).map(({ title, colour: color, row }) => ({
    name: title,
    type: 'line',
    data: row.map((part, second) => [second + 1, 100 * part]),
    symbol: 'none',
    itemStyle: { color },
    lineStyle: { color, width: 2 },
  }));
  const seconds: Axis = { name: 'seconds of overload', type: 'value', min: 0, max: result.seconds };
  return chart('overload', seconds, { name: '% of the capacity', type: 'value', min: 0 }, series);
}

/** Returns a line for each measured peer, from left to right. */
export function linesOf<Point extends { peer: PeerName }>(
  points: readonly Point[],
  at: (point: Point) => [number, number],
  { suffix = '', dashed = false } = {},
) {
  return PEER_NAMES.filter((name) => points.some(({ peer }) => peer === name)).map((name) => {
    const own = points.filter(({ peer }) => peer === name).map(at);
    const { title, colour: color } = PEERS[name];
    return {
      name: title + suffix,
      type: 'line',
      data: own.toSorted(([a], [b]) => a - b),
      symbolSize: 6,
      symbol: 'circle',
      itemStyle: { color },
      lineStyle: { color, width: 2, type: dashed || name === 'floor-weak' ? 'dashed' : 'solid' },
    };
  });
}

function chart(name: keyof typeof TITLES, x: Axis, y: Axis, series: object[]): Chart {
  const title = TITLES[name];
  const option = {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: 'system-ui, sans-serif', color: TEXT },
    title: { text: title, left: 'center', textStyle: { color: TEXT, fontSize: 15 } },
    legend: { bottom: 0, type: 'plain', itemGap: 26, itemWidth: 20, textStyle: { color: TEXT, fontSize: 11 } },
    grid: { left: 78, right: 28, top: 48, bottom: 104 },
    xAxis: { ...axis(x), nameGap: 28 },
    yAxis: { ...axis(y), nameGap: 58 },
    series,
  };
  return { name, title, option };
}

function axis(given: Axis) {
  const line = { lineStyle: { color: TEXT } };
  const style = { nameTextStyle: { color: TEXT }, axisLabel: { color: TEXT }, axisLine: line };
  return { ...given, ...style, nameLocation: 'middle', splitLine: { lineStyle: { color: GRID } } };
}
