import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../lib/cli/', import.meta.url));

/** Files that a file imports when it is loaded: neither types nor what it imports later. */
function importsOf(file: string): string[] {
  const statements = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\s+(?!type\b)(?:[^;']*?from\s+)?'(\.[^']+)'/gm,
  );
  return [...statements].map(([, path = '']) => join(dirname(file), path.replace(/\.js$/, '.ts')));
}

function loadedBy(file: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    importsOf(path).forEach(visit);
  };
  visit(file);
  return loaded;
}

it('other commands load nothing of a load or a demonstration server', () => {
  const loaded = [...loadedBy(join(root, 'program.ts'))].map((path) => relative(root, path));
  expect(loaded).toContain('../internal.ts');
  expect(loaded.filter((path) => /^(bench|serve)\//.test(path)).sort()).toEqual([
    'bench/bench-command.ts',
    'serve/serve-command.ts',
  ]);
  // The search finds what the commands do load.
  expect([...loadedBy(join(root, 'bench/bench.ts'))].map((path) => relative(root, path))).toEqual(
    expect.arrayContaining(['bench/latency-histogram.ts', 'bench/server-child.ts']),
  );
});
