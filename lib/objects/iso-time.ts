const FORM = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** Returns true for a date that Python's datetime can hold. */
export function isWritableTime(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** Writes whole seconds in UTC, as oslo.versionedobjects does: `2026-11-23T21:34:12Z`. */
export function writeIsoTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Reads a time in the extended form of oslo.utils' parse_isotime. No zone means UTC. Undefined for any other text. */
export function readIsoTime(text: string): Date | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
  const local = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`);
  // JavaScript takes the 30th of February for the 1st of March.
  if (Number.isNaN(local.getTime()) || local.getUTCDate() !== Number(day)) return undefined;
  return new Date(local.getTime() - offset(zone));
}

function offset(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0);
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
