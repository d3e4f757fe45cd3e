import type { Tick } from '../../protocol.js';
import { count, plural } from './format.js';

/** Number of ticks that the note looks back on. */
const RECENT = 10;

/** Returns "showing 1 of 40 …" where the latest messages are a sample; undefined where all are shown. */
export function samplingNote(ticks: readonly Tick[]): string | undefined {
  const recent = ticks.slice(-RECENT);
  const sum = (part: (tick: Tick) => number) => recent.reduce((total, tick) => total + part(tick), 0);
  const [shown, total, lost] = [sum((tick) => tick.shown), sum((tick) => tick.total), sum((tick) => tick.lost)];
  const notes: string[] = [];
  if (total > shown)
    notes.push(
      shown === 0
        ? `Showing none of ${plural(total, 'message')}: the numbers count all`
        : `Showing 1 of ${count(Math.max(2, Math.round(total / shown)))} messages: the numbers count all`,
    );
  if (lost > 0) notes.push(`the tap lost ${plural(lost, 'message')}, which are neither shown nor counted`);
  return notes.length === 0 ? undefined : `${notes.join('; ')}.`;
}
