const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Returns a whole number with separators. */
export const count = (value: number): string => WHOLE.format(value);

/** Returns a number and its noun, in the plural unless it is one. */
export const plural = (value: number, noun: string, many = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : many}`;

/** Returns a rate. */
export const rate = (value: number): string => (value < 10 ? TENTHS : WHOLE).format(value);

/** Returns a duration, given in milliseconds, with a unit: `850 µs`, `12 ms`, `1.2 s`, `3 min 20 s`. */
export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1) return `${WHOLE.format(ms * 1000)} µs`;
  if (ms < 10) return `${TENTHS.format(ms)} ms`;
  if (ms < 1000) return `${WHOLE.format(ms)} ms`;
  if (ms < 60_000) return `${TENTHS.format(ms / 1000)} s`;
  if (ms < 3_600_000) return parts(ms, 60_000, 'min', 1000, 's');
  if (ms < 86_400_000) return parts(ms, 3_600_000, 'h', 60_000, 'min');
  return parts(ms, 86_400_000, 'd', 3_600_000, 'h');
}

function parts(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/** Returns the time of the day. */
export const clock = (at: number): string => CLOCK.format(at);

/** Returns the time of the day with milliseconds. */
export const preciseClock = (at: number): string =>
  `${CLOCK.format(at)}.${String(Math.floor(at) % 1000).padStart(3, '0')}`;

/** Returns the date and the time of the day. */
export const dateTime = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');

/** Returns the time since a moment: `12 s ago`. */
export const ago = (at: number, now = Date.now()): string =>
  now - at < 1000 ? 'now' : `${duration(Math.floor((now - at) / 1000) * 1000)} ago`;

/** Returns a method with its namespace. */
export const methodName = ({ namespace, method }: { namespace: string | null; method: string }): string =>
  namespace === null ? method : `${namespace}.${method}`;
