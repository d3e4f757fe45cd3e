import { PEER_TITLES, type PeerName } from '../peer.js';
import type { Picture } from './draw.js';

/** Lines over one axis. */
export interface Chart {
  /** The file's name, without its ending. */
  name: string;
  title: string;
  x: Axis;
  y: Axis;
  lines: Line[];
}

export interface Axis {
  name: string;
  scale: 'value' | 'log';
  min?: number;
  max?: number;
}

export interface Line {
  name: string;
  colour: string;
  dashed: boolean;
  points: [x: number, y: number][];
}

/** Told apart by lightness as well as by hue, and each with enough contrast on white and on near black. */
export const PEER_COLOURS: Record<PeerName, string> = {
  floor: '#7a869a',
  'floor-weak': '#9aa5b1',
  'nest-rmq': '#e0234e',
  golevelup: '#a05cd6',
  'rabbitmq-client': '#2a9d8f',
  moleculer: '#c08a00',
  'oslo-python': '#4b8bbe',
  oslo: '#ff7a1a',
};

/** A peer's line; `points` in any order. */
export function peerLine(peer: PeerName, points: [number, number][], suffix = ''): Line {
  return {
    name: PEER_TITLES[peer] + suffix,
    colour: PEER_COLOURS[peer],
    dashed: peer === 'floor-weak',
    points: points.toSorted(([a], [b]) => a - b),
  };
}

// Neither theme's text colour: a picture in a document cannot ask for the reader's theme where it is cached as one file.
export const TEXT = '#7d8590';
const GRID = '#7d859040';

const WIDTH = 760;
const HEIGHT = 440;

export function chartPicture(chart: Chart): Picture {
  return { name: chart.name, width: WIDTH, height: HEIGHT, option: chartOption(chart) };
}

/** As the drawing library has it. */
export function chartOption({ title, x, y, lines }: Chart): Record<string, unknown> {
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: 'system-ui, sans-serif', color: TEXT },
    title: { text: title, left: 'center', textStyle: { color: TEXT, fontSize: 15 } },
    legend: { bottom: 0, type: 'plain', itemGap: 26, itemWidth: 20, textStyle: { color: TEXT, fontSize: 11 } },
    grid: { left: 78, right: 28, top: 48, bottom: 104 },
    xAxis: axis(x, 'middle', 28),
    yAxis: axis(y, 'middle', 58),
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
}

function axis({ name, scale, min, max }: Axis, nameLocation: string, nameGap: number): Record<string, unknown> {
  return {
    name,
    nameLocation,
    nameGap,
    type: scale,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    nameTextStyle: { color: TEXT },
    axisLabel: { color: TEXT },
    axisLine: { lineStyle: { color: TEXT } },
    splitLine: { lineStyle: { color: GRID } },
  };
}
