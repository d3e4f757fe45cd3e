import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Locked {
  version?: string;
  license?: string;
  dev?: boolean;
  peer?: boolean;
  hasInstallScript?: boolean;
}

const { packages } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Locked>;
};

/** Names of the packages that are installed with the library. Nest and its packages are the user's own choice. */
const installed = Object.entries(packages)
  .filter(([path, { dev, peer }]) => path !== '' && !dev && !peer)
  .map(([path, locked]) => ({ name: path.replace('node_modules/', ''), ...locked }));

/** Below these versions, an advisory is known. */
const FLOORS: Record<string, string> = { amqplib: '2.3.1', commander: '14.0.3', 'lru-cache': '11.5.3', yaml: '2.2.2' };

const parts = (version: string) => version.split('.').map(Number);

function isAtLeast(version: string, floor: string): boolean {
  const [wanted, given] = [parts(floor), parts(version)];
  const at = wanted.findIndex((part, index) => part !== given[index]);
  return at < 0 || (given[at] ?? 0) > (wanted[at] ?? 0);
}

it('installs four packages, none of which brings others, runs a script, or has a known hole', () => {
  expect(installed.map(({ name }) => name).sort()).toEqual(Object.keys(FLOORS).sort());
  for (const { name, version = '', license, hasInstallScript = false } of installed) {
    expect(isAtLeast(version, FLOORS[name] ?? ''), `${name} ${version}`).toBe(true);
    expect(['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause', 'BlueOak-1.0.0'], name).toContain(license);
    expect(hasInstallScript, name).toBe(false);
  }
});
