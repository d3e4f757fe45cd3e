import { PROFILE_SUBJECTS, type ProfileFigures, type ProfileResult } from '../parts/profile.js';
import { type Block, blockFromText } from '../profile/blocks.js';
import { GROUP_NAMES, GROUPS, type Group } from '../profile/groups.js';
import { type Chart, commonOption, TEXT } from './charts.js';

const TITLES = { client: 'client', server: 'server', memory: 'memory://, both' };
const WIDTH = 1000;
const ROW = 19;
const TOP = 44;
const SIDE = 10;
const LEGEND = 96;
const LETTER = 6.2;

interface Placed extends Block {
  start: number;
}

/** Functions that echarts passes to `renderItem`. */
interface Api {
  value(dimension: number): number;
  coord(point: [x: number, y: number]): [x: number, y: number];
  size(extent: [x: number, y: number]): [width: number, height: number];
}

/** Returns a chart of each process: a caller is above the functions that it calls, and as wide as its time. */
export function profileCharts({ subjects, inFlight }: ProfileResult): Chart[] {
  return PROFILE_SUBJECTS.map((name) =>
    icicle(`profile-${name}`, `${TITLES[name]}: µs of CPU of a call, ${inFlight} in flight`, subjects[name]),
  );
}

function icicle(name: string, title: string, { cpuMicros, blocks: texts }: ProfileFigures): Chart {
  const blocks = placed(texts.map(blockFromText));
  const rows = 1 + Math.max(...blocks.map(({ depth }) => depth));
  const groups = GROUP_NAMES.filter((group) => blocks.some((it) => it.group === group));
  const option = {
    ...commonOption(title),
    legend: { bottom: 0, itemGap: 34, itemWidth: 14, textStyle: { color: TEXT, fontSize: 11 } },
    grid: { left: SIDE, right: SIDE, top: TOP, height: rows * ROW },
    xAxis: { show: false, min: 0, max: cpuMicros },
    yAxis: { show: false, min: 0, max: rows, inverse: true },
    // A series for each group, since the legend shows series.
    series: groups.map((group) => series(group, blocks)),
  };
  return { name, title, width: WIDTH, height: TOP + rows * ROW + LEGEND, option };
}

function series(group: Group, blocks: readonly Placed[]): Record<string, unknown> {
  const own = blocks.filter((block) => block.group === group);
  const { title, colour } = GROUPS[group];
  return {
    type: 'custom',
    name: title,
    itemStyle: { color: colour },
    encode: { x: [0, 1], y: 2 },
    data: own.map(({ start, micros, depth }) => [start, micros, depth]),
    renderItem: ({ dataIndex }: { dataIndex: number }, api: Api) => {
      const [x, y] = api.coord([api.value(0), api.value(2)]);
      const [width = 0] = api.size([api.value(1), 0]);
      return {
        type: 'rect',
        shape: { x, y, width: Math.max(0.5, width - 1), height: ROW - 1 },
        style: { fill: colour },
        textContent: { style: { text: label(own[dataIndex], width), fill: '#ffffff', fontSize: 11 } },
        textConfig: { position: 'insideLeft', distance: 4 },
      };
    },
  };
}

/** Returns the longest label that fits: name and figure, name, name without its file, a cut name, or nothing. */
function label(block: Block | undefined, width: number): string {
  if (!block) return '';
  const room = Math.floor((width - 8) / LETTER);
  const { name, micros } = block;
  const short = name.slice(name.indexOf(': ') + 1).trim();
  const fitting = [`${name}  ${micros.toFixed(1)}`, name, short].find((text) => text.length <= room);
  return fitting ?? (room < 4 ? '' : `${short.slice(0, room - 1)}…`);
}

/** Places each block beside the block before it of the same caller. */
function placed(blocks: readonly Block[]): Placed[] {
  const next: number[] = [0];
  return blocks.map((block) => {
    const start = next[block.depth] ?? 0;
    next[block.depth] = start + block.micros;
    next[block.depth + 1] = start;
    return { ...block, start };
  });
}
