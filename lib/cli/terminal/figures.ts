/** Returns a time with three digits. */
export function durationText(milliseconds: number): string {
  return milliseconds < 1000 ? `${threeDigits(milliseconds)} ms` : `${threeDigits(milliseconds / 1000)} s`;
}

/** Returns a number with commas between thousands. */
export function countText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 });
}

const threeDigits = (value: number): string => String(Number(value.toPrecision(3)));
