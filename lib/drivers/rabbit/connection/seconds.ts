/** Returns a duration in seconds for a log line, to a tenth. */
export function secondsIn(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
