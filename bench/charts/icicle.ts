import { type Block, blockFromText } from '../profile/blocks.js';
import { GROUP_NAMES, GROUPS, type Group } from '../profile/groups.js';
import type { ProfileFigures, ProfileResult } from '../profile/part.js';
import { PROFILE_SUBJECTS, PROFILE_TITLES } from '../profile/report.js';
import { TEXT } from './chart.js';
import type { Picture } from './draw.js';

/** Dark enough for white letters, light enough to stand out on near black. */
const COLOURS: Record<Group, string> = {
  json: '#b45309',
  core: '#1d4ed8',
  rpc: '#2563eb',
  drivers: '#0369a1',
  rabbit: '#0e7490',
  nest: '#4338ca',
  nestjs: '#be123c',
  rxjs: '#a21caf',
  amqplib: '#115e59',
  async: '#9333ea',
  sockets: '#15803d',
  loop: '#4d7c0f',
  gc: '#854d0e',
  bench: '#64748b',
  other: '#57606a',
};

const WIDTH = 1000;
const ROW = 19;
const TOP = 44;
const SIDE = 10;
const LEGEND = 96;
const LETTER = 6.2;

/** A picture of each process: whoever calls is above what it calls, as wide as both together take. */
export function icicles({ subjects, inFlight }: ProfileResult): Picture[] {
  return PROFILE_SUBJECTS.map((name) =>
    icicle(`profile-${name}`, `${PROFILE_TITLES[name]}: µs of CPU of a call, ${inFlight} in flight`, subjects[name]),
  );
}

interface Placed extends Block {
  start: number;
}

function icicle(name: string, title: string, { cpuMicros, blocks: texts }: ProfileFigures): Picture {
  const blocks = placed(texts.map(blockFromText));
  const rows = 1 + Math.max(...blocks.map(({ depth }) => depth));
  const groups = GROUP_NAMES.filter((group) => blocks.some((it) => it.group === group));
  return {
    name,
    width: WIDTH,
    height: TOP + rows * ROW + LEGEND,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'system-ui, sans-serif', color: TEXT },
      title: { text: title, left: 'center', textStyle: { color: TEXT, fontSize: 15 } },
      legend: { bottom: 0, itemGap: 34, itemWidth: 14, textStyle: { color: TEXT, fontSize: 11 } },
      grid: { left: SIDE, right: SIDE, top: TOP, height: rows * ROW },
      xAxis: { show: false, min: 0, max: cpuMicros },
      yAxis: { show: false, min: 0, max: rows, inverse: true },
      // The legend goes by series, so each group is one.
      series: groups.map((group) => series(group, blocks)),
    },
  };
}

/** What the drawing library gives to whom it has draw: https://echarts.apache.org/en/option.html#series-custom.renderItem */
interface Api {
  value(dimension: number): number;
  coord(point: [x: number, y: number]): [x: number, y: number];
  size(extent: [x: number, y: number]): [width: number, height: number];
}

function series(group: Group, blocks: readonly Placed[]): Record<string, unknown> {
  const own = blocks.filter((block) => block.group === group);
  return {
    type: 'custom',
    name: GROUPS[group],
    itemStyle: { color: COLOURS[group] },
    encode: { x: [0, 1], y: 2 },
    data: own.map(({ start, micros, depth }) => [start, micros, depth]),
    renderItem: ({ dataIndex }: { dataIndex: number }, api: Api) => {
      const [x, y] = api.coord([api.value(0), api.value(2)]);
      const [width = 0] = api.size([api.value(1), 0]);
      return {
        type: 'rect',
        shape: { x, y, width: Math.max(0.5, width - 1), height: ROW - 1 },
        style: { fill: COLOURS[group] },
        textContent: { style: { text: label(own[dataIndex], width), fill: '#ffffff', fontSize: 11 } },
        textConfig: { position: 'insideLeft', distance: 4 },
      };
    },
  };
}

/** As much of the name as there is room for: with its figure, without, without its file, cut off, or nothing. */
function label(block: Block | undefined, width: number): string {
  if (!block) return '';
  const room = Math.floor((width - 8) / LETTER);
  const { name, micros } = block;
  const short = name.slice(name.indexOf(': ') + 1).trim();
  const fitting = [`${name}  ${micros.toFixed(1)}`, name, short].find((text) => text.length <= room);
  return fitting ?? (room < 4 ? '' : `${short.slice(0, room - 1)}…`);
}

/** Each beside the one before it of the same caller. */
function placed(blocks: readonly Block[]): Placed[] {
  const next: number[] = [0];
  return blocks.map((block) => {
    const start = next[block.depth] ?? 0;
    next[block.depth] = start + block.micros;
    next[block.depth + 1] = start;
    return { ...block, start };
  });
}
