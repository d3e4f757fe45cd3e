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

/**
 * Packages that are installed, with the version below which an advisory is known, or the first that was examined. The four
 * of `@lezer` are the parser of `oslo-rpc generate`: @lezer/python and the packages that it needs. `@standard-schema/spec`
 * holds types alone.
 */
const FLOORS: Record<string, string> = {
  '@lezer/common': '1.5.5',
  '@lezer/highlight': '1.2.5',
  '@lezer/lr': '1.4.12',
  '@lezer/python': '1.1.19',
  '@standard-schema/spec': '1.1.0',
  amqplib: '2.3.1',
  commander: '14.0.3',
  'lru-cache': '11.5.3',
  yaml: '2.2.2',
};

const parts = (version: string) => version.split('.').map(Number);

function isAtLeast(version: string, floor: string): boolean {
  const [wanted, given] = [parts(floor), parts(version)];
  const at = wanted.findIndex((part, index) => part !== given[index]);
  return at < 0 || (given[at] ?? 0) > (wanted[at] ?? 0);
}

it('installs these packages and no others, none of which runs a script or has a known hole', () => {
  expect(installed.map(({ name }) => name).sort()).toEqual(Object.keys(FLOORS).sort());
  for (const { name, version = '', license, hasInstallScript = false } of installed) {
    expect(isAtLeast(version, FLOORS[name] ?? ''), `${name} ${version}`).toBe(true);
    expect(['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause', 'BlueOak-1.0.0'], name).toContain(license);
    expect(hasInstallScript, name).toBe(false);
  }
});
