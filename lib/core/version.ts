import { InvalidVersion } from './errors.js';

const FORM = /^(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?$/;

function parse(version: string): [number, number, number] {
  const match = typeof version === 'string' ? FORM.exec(version) : null;
  if (!match) throw new InvalidVersion(version);
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/**
 * Checks the form of a version.
 * @throws InvalidVersion unless it is `major.minor` or `major.minor.revision`
 */
export function checkVersion(version: string): void {
  parse(version);
}

/** Returns true for a well-formed version. */
export function isVersion(value: unknown): value is string {
  return typeof value === 'string' && FORM.test(value);
}

/**
 * Returns true when an implementation of `implemented` can serve a request for `requested`. The major versions must be
 * equal, and the minor version and revision not above the implemented ones. Without `implemented`, every request is
 * accepted; otherwise a request without a version is not. Source: oslo_messaging._utils.version_is_compatible.
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
 * Compares two versions: positive when the first is newer, negative when the second is, zero when they are equal.
 * @throws InvalidVersion
 */
export function compareVersions(a: string, b: string): number {
  const [majorA, minorA, revisionA] = parse(a);
  const [majorB, minorB, revisionB] = parse(b);
  return majorA - majorB || minorA - minorB || revisionA - revisionB;
}
