import type { Direction, Tick } from '../../protocol.js';
import { href } from '../state/route.js';
import { directionsOf, perSecond, type Reading, readingOf } from '../state/series.js';
import { Chart, type Line } from './chart.js';
import { count, duration, rate } from './format.js';
import { Empty, Figure, Panel } from './panel.js';

/** Number of ticks that rates are averaged over. */
const RECENT = 10;

const NAMES: Readonly<Record<Direction, string>> = { in: 'Received', out: 'Sent', seen: 'Seen' };
const total: Readonly<Record<Direction, Reading>> = {
  in: perSecond('in', (own) => own.calls + own.casts + own.notifications),
  out: perSecond('out', (own) => own.calls + own.casts + own.notifications),
  seen: perSecond('seen', (own) => own.calls + own.casts + own.notifications),
};
const LINES: Readonly<Record<'both' | 'seen', readonly Line[]>> = {
  both: [
    { name: 'Received', color: 1, reading: total.in },
    { name: 'Sent', color: 2, dash: [6, 4], reading: total.out },
  ],
  seen: [{ name: 'Seen', color: 1, reading: total.seen }],
};
const perSecondText = (value: number) => `${rate(value)}/s`;

/** Numbers of the last seconds, and a chart of the throughput. */
export function TrafficPanel({ ticks }: { readonly ticks: readonly Tick[] }) {
  const directions = directionsOf(ticks);
  const recent = ticks.slice(-RECENT);
  return (
    <Panel title="Traffic" aside={<a href={href('charts')}>All charts</a>}>
      {directions.length === 0 ? (
        <Empty title="No numbers yet">They come once a second; the first is on its way.</Empty>
      ) : (
        <>
          {directions.map((direction) => (
            <DirectionFigures key={direction} direction={direction} recent={recent} />
          ))}
          <Chart
            title="Messages, all kinds"
            ticks={ticks}
            lines={directions.includes('seen') ? LINES.seen : LINES.both}
            format={perSecondText}
            combine="mean"
            height={130}
          />
        </>
      )}
    </Panel>
  );
}

function DirectionFigures({ direction, recent }: { readonly direction: Direction; readonly recent: readonly Tick[] }) {
  const mean = (reading: Reading) => {
    const values = recent.flatMap((tick) => reading(tick) ?? []);
    return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const max = (reading: Reading) => {
    const values = recent.flatMap((tick) => reading(tick) ?? []);
    return values.length === 0 ? null : Math.max(...values);
  };
  const errors = mean(perSecond(direction, (own) => own.errors));
  const timeouts = mean(perSecond(direction, (own) => own.timeouts));
  const inFlight = recent.at(-1)?.traffic[direction]?.inFlight ?? 0;
  return (
    <div class="traffic-row">
      <h3>{NAMES[direction]}</h3>
      <dl class="figures">
        <Figure name="Messages" value={`${rate(mean(total[direction]))}/s`} />
        <Figure name="Failed" value={`${rate(errors)}/s`} note={timeouts > 0 ? ` ${rate(timeouts)}/s timeouts` : ''} />
        <Figure name="p50" value={duration(max(readingOf(direction, ({ p50 }) => p50)))} />
        <Figure name="p99" value={duration(max(readingOf(direction, ({ p99 }) => p99)))} />
        <Figure name="In flight" value={count(inFlight)} />
      </dl>
    </div>
  );
}
