import { useMemo } from 'preact/hooks';
import type { Direction } from '../../protocol.js';
import { Chart, type Line } from '../parts/chart.js';
import { Choice, Toolbar } from '../parts/filters.js';
import { count, duration, rate } from '../parts/format.js';
import { Empty } from '../parts/panel.js';
import { useRoute } from '../state/route.js';
import { directionsOf, perSecond, readingOf } from '../state/series.js';
import { useStore } from '../state/store.js';

const NAMES: Readonly<Record<Direction, string>> = {
  in: 'Received by this application',
  out: 'Sent by this application',
  seen: 'Seen at the broker',
};

const perSecondText = (value: number) => `${rate(value)}/s`;
const DASH = [6, 4];
const DOTS = [2, 3];

/** Charts of the last ten minutes. */
export function ChartsView() {
  const { ticks, snapshot } = useStore();
  const { query } = useRoute();
  const directions = directionsOf(ticks);
  const find = (wanted: string | null) => directions.find((one) => one === wanted);
  // What an application without topics of its own receives are notifications.
  const usual = snapshot?.topics.some(({ own }) => own) === false ? find('out') : undefined;
  const direction = find(query.get('direction')) ?? usual ?? directions[0] ?? 'in';
  const lines = useLines(direction);
  if (ticks.length === 0)
    return <Empty title="No numbers yet">They come once a second; the first is on its way.</Empty>;
  return (
    <>
      {directions.length > 1 && (
        <Toolbar label="Direction of the traffic">
          <Choice
            name="direction"
            label="Direction"
            value={direction}
            options={directions.map((one) => [one, NAMES[one]] as const)}
          />
        </Toolbar>
      )}
      {directions.length <= 1 && <p class="note">{NAMES[direction]}, the last ten minutes.</p>}
      <div class="charts">
        <Chart title="Throughput" ticks={ticks} lines={lines.throughput} format={perSecondText} combine="mean" />
        <Chart title="Latency" ticks={ticks} lines={lines.latency} format={duration} combine="max" />
        <Chart title="Errors and timeouts" ticks={ticks} lines={lines.failures} format={perSecondText} combine="mean" />
        <Chart title="In flight" ticks={ticks} lines={lines.inFlight} format={count} combine="max" />
      </div>
    </>
  );
}

function useLines(direction: Direction): Record<'throughput' | 'latency' | 'failures' | 'inFlight', readonly Line[]> {
  return useMemo(
    () => ({
      throughput: [
        { name: 'Calls', color: 1, reading: perSecond(direction, ({ calls }) => calls) },
        { name: 'Casts', color: 2, dash: DASH, reading: perSecond(direction, ({ casts }) => casts) },
        { name: 'Notifications', color: 3, dash: DOTS, reading: perSecond(direction, (own) => own.notifications) },
      ],
      latency: [
        { name: 'p50', color: 1, reading: readingOf(direction, ({ p50 }) => p50) },
        { name: 'p95', color: 2, dash: DASH, reading: readingOf(direction, ({ p95 }) => p95) },
        { name: 'p99', color: 4, dash: DOTS, reading: readingOf(direction, ({ p99 }) => p99) },
      ],
      failures: [
        { name: 'Errors', color: 4, reading: perSecond(direction, ({ errors, timeouts }) => errors - timeouts) },
        { name: 'Timeouts', color: 2, dash: DASH, reading: perSecond(direction, ({ timeouts }) => timeouts) },
      ],
      inFlight: [
        { name: 'In flight', color: 1, reading: readingOf(direction, ({ inFlight }) => inFlight) },
        { name: 'Slots in use', color: 2, dash: DASH, reading: ({ slots }) => slots?.used ?? null },
        { name: 'Pending calls', color: 3, dash: DOTS, reading: ({ pendingCalls }) => pendingCalls },
      ],
    }),
    [direction],
  );
}
