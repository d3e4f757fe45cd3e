import { GROUP_NAMES, GROUPS } from './groups.js';
import type { Block } from './summary.js';

/** Fits both themes: a picture in a document cannot ask for the theme of its reader. */
const TEXT = '#7d8590';
const WIDTH = 1000;
const ROW = 19;
const TOP = 44;
const SIDE = 10;
const LETTER = 6.2;
const LEGEND_COLUMNS = 4;

/** Draws a process as SVG: a caller is above the functions that it calls, and as wide as its time. @param micros sum of all blocks */
export function flameGraph(title: string, micros: number, blocks: readonly Block[]): string {
  const bottom = TOP + ROW * (2 + Math.max(0, ...blocks.map(({ depth }) => depth)));
  const groups = GROUP_NAMES.filter((group) => blocks.some((it) => it.group === group));
  const height = bottom + ROW * (1 + Math.ceil(groups.length / LEGEND_COLUMNS));
  const legend = groups.flatMap((group, index) => {
    const x = SIDE + (index % LEGEND_COLUMNS) * ((WIDTH - 2 * SIDE) / LEGEND_COLUMNS);
    const y = bottom + ROW * Math.floor(index / LEGEND_COLUMNS);
    return [rect(x, y, 14, GROUPS[group].colour), label(x + 20, y, GROUPS[group].title, TEXT)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    ` font-family="system-ui, sans-serif" font-size="11">`,
    `<text x="${WIDTH / 2}" y="24" font-size="15" font-weight="bold" text-anchor="middle" fill="${TEXT}">${escaped(title)}</text>`,
    ...placed(blocks, (WIDTH - 2 * SIDE) / micros),
    ...legend,
    '</svg>',
  ].join('\n');
}

/** Draws each block beside the block before it of the same caller. */
function placed(blocks: readonly Block[], scale: number): string[] {
  const next = [SIDE];
  return blocks.flatMap((block) => {
    const x = next[block.depth] ?? SIDE;
    const width = block.micros * scale;
    next[block.depth] = x + width;
    next[block.depth + 1] = x;
    const y = TOP + block.depth * ROW;
    return [rect(x, y, width - 1, GROUPS[block.group].colour), label(x + 4, y, fitting(block, width), '#ffffff')];
  });
}

function rect(x: number, y: number, width: number, colour: string): string {
  const [left, wide] = [x, Math.max(0.5, width)].map((it) => it.toFixed(1));
  return `<rect x="${left}" y="${y}" width="${wide}" height="${ROW - 1}" fill="${colour}"/>`;
}

function label(x: number, y: number, text: string, colour: string): string {
  return text === '' ? '' : `<text x="${x.toFixed(1)}" y="${y + 13}" fill="${colour}">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

/** Returns the longest label that fits: name and figure, name, name without its file, a cut name, or nothing. */
function fitting({ name, micros }: Block, width: number): string {
  const room = Math.floor((width - 8) / LETTER);
  const short = name.slice(name.indexOf(': ') + 1).trim();
  const longest = [`${name}  ${micros.toFixed(1)}`, name, short].find((text) => text.length <= room);
  return longest ?? (room < 4 ? '' : `${short.slice(0, room - 1)}…`);
}
