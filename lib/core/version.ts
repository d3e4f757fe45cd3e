import { InvalidVersion } from './errors.js';

const FORM = /^(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?$/;

function parse(version: string): [number, number, number] {
  const match = typeof version === 'string' ? FORM.exec(version) : null;
  if (!match) throw new InvalidVersion(version);
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/**
 * Refuses what is not `major.minor` or `major.minor.revision`.
 * @throws InvalidVersion
 */
export function checkVersion(version: string): void {
  parse(version);
}

/** Whether it is such a version. */
export function isVersion(value: unknown): value is string {
  return typeof value === 'string' && FORM.test(value);
}

/**
 * Whether an implementation of `implemented` can serve a request for `requested`: same major, minor at most the
 * implemented one, and the revision likewise where the minors are equal. No `implemented` accepts everything; no
 * `requested` is accepted by nothing else (oslo_messaging._utils.version_is_compatible).
 * @throws InvalidVersion
 */
export function versionIsCompatible(implemented: string | undefined, requested: string | undefined): boolean {
  if (implemented === undefined) return true;
  if (requested === undefined) return false;
  const [major, minor, revision] = parse(requested);
  const [implementedMajor, implementedMinor, implementedRevision] = parse(implemented);
  if (major !== implementedMajor || minor > implementedMinor) return false;
  return minor < implementedMinor || revision <= implementedRevision;
}

/**
 * Which of two versions is newer: positive when the first is, negative when the second is, zero for equal ones.
 * @throws InvalidVersion
 */
export function compareVersions(a: string, b: string): number {
  const [majorA, minorA, revisionA] = parse(a);
  const [majorB, minorB, revisionB] = parse(b);
  return majorA - majorB || minorA - minorB || revisionA - revisionB;
}
