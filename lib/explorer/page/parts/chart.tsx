import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Tick } from '../../protocol.js';
import { type Columns, columnsOf, type MinuteRow, minutesOf, type Reading, summaryOf } from '../state/series.js';
import { useTheme } from '../state/theme.js';
import { type Column, DataTable } from './data-table.js';
import { clock } from './format.js';

/** Line of a chart. */
export interface Line {
  readonly name: string;
  /** Number of the colour, from 1; `--line-1` … in the style sheet. */
  readonly color: 1 | 2 | 3 | 4;
  /** Dashes tell the lines apart without colours. */
  readonly dash?: readonly number[];
  readonly reading: Reading;
}

interface ChartProps {
  readonly title: string;
  readonly ticks: readonly Tick[];
  /** Must be the same array each time. */
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** What a row of the table has of each minute. */
  readonly combine: 'mean' | 'max';
  readonly height?: number;
}

/** Chart over time, with a legend of values, a sentence and a table that say the same in text. */
export function Chart({ title, ticks, lines, format, combine, height = 170 }: ChartProps) {
  const columns = useMemo(
    () =>
      columnsOf(
        ticks,
        lines.map(({ reading }) => reading),
      ),
    [ticks, lines],
  );
  const [hovered, setHovered] = useState<number>();
  const text = (value: number | null | undefined) => (value == null ? '–' : format(value));
  const at = hovered === undefined ? undefined : columns.times[hovered];
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-at">{at === undefined ? '' : clock(at * 1000)}</span>
        <ul class="legend">
          {lines.map(({ name, color, dash }, index) => {
            const column = columns.values[index] ?? [];
            return (
              <li key={name}>
                <i
                  class={`swatch line-${color} ${dash === undefined ? '' : (dash[0] ?? 0) < 3 ? 'dotted' : 'dashed'}`}
                  aria-hidden="true"
                />
                {name} <b>{text(at === undefined ? summaryOf(column).last : column[hovered ?? 0])}</b>
              </li>
            );
          })}
        </ul>
      </figcaption>
      <Plot columns={columns} lines={lines} format={format} height={height} onHover={setHovered} />
      <p class="sr-only">{sentence(lines, columns, text)}</p>
      <details class="data">
        <summary>
          <span class="sr-only">{title}: </span>numbers as a table
        </summary>
        <Minutes title={title} lines={lines} columns={columns} combine={combine} text={text} />
      </details>
    </figure>
  );
}

function sentence(lines: readonly Line[], { values }: Columns, text: (value: number | null) => string): string {
  const parts = lines.map(({ name }, index) => {
    const { last, max } = summaryOf(values[index] ?? []);
    return `${name}: now ${text(last)}, highest ${text(max)}`;
  });
  return `${parts.join('; ')}.`;
}

interface MinutesProps extends Pick<ChartProps, 'title' | 'lines' | 'combine'> {
  readonly columns: Columns;
  readonly text: (value: number | null) => string;
}

function Minutes({ title, lines, columns, combine, text }: MinutesProps) {
  const shown: readonly Column<MinuteRow>[] = [
    { name: 'Minute', cell: ({ at }) => clock(at) },
    ...lines.map(({ name }, index) => ({
      name: `${name} (${combine})`,
      type: 'number' as const,
      cell: ({ values }: MinuteRow) => text(values[index] ?? null),
    })),
  ];
  const rows = minutesOf(columns, combine);
  return <DataTable label={`${title}, by minute`} columns={shown} rows={rows} rowKey={({ at }) => String(at)} />;
}

interface PlotProps extends Pick<ChartProps, 'lines' | 'format'> {
  readonly columns: Columns;
  readonly height: number;
  readonly onHover: (index: number | undefined) => void;
}

/** Canvas of a chart. It is made anew for another theme or width, and takes data as it comes. */
function Plot({ columns, lines, format, height, onHover }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const { shown } = useTheme();
  const data = useMemo(() => [columns.times, ...columns.values] as unknown as uPlot.AlignedData, [columns]);

  // The theme is read from the style sheet, the data has an effect of its own.
  useEffect(() => {
    const { current } = box;
    if (!current) return undefined;
    const made = new uPlot(optionsOf(current, lines, format, height, onHover), data, current);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [shown, lines, format, height]);

  useEffect(() => plot.current?.setData(data), [data]);
  return <div class="plot" ref={box} aria-hidden="true" />;
}

function optionsOf(
  box: HTMLElement,
  lines: readonly Line[],
  format: (value: number) => string,
  height: number,
  onHover: PlotProps['onHover'],
): uPlot.Options {
  const style = getComputedStyle(box);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--muted'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: box.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? undefined)] },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    axes: [
      { ...axis, size: 26, values: (_plot, times) => times.map((time) => clock(time * 1000)), space: 80 },
      { ...axis, size: 56, values: (_plot, values) => values.map((value) => format(value)), space: 34 },
    ],
    series: [
      {},
      ...lines.map(({ name, color: number, dash }) => ({
        label: name,
        stroke: color(`--line-${number}`),
        width: 1.6,
        points: { show: false },
        ...(dash && { dash: [...dash] }),
      })),
    ],
  };
}
