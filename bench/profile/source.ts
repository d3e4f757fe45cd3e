import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is compiled lies in dist/lib, or dist/bench beside what it uses. */
const OURS = /\/dist\/(?:bench\/)?((?:bench|test|conformance|lib)\/.*)$/;
const OF_A_PACKAGE = /.*\/node_modules\/(.*)$/;

/** Within the repository, or below the folder of packages: nothing that tells whose machine it was. Empty for what is native. */
export function pathOf(url: string): string {
  if (url === '' || url.startsWith('node:')) return url;
  return OF_A_PACKAGE.exec(url)?.[1] ?? OURS.exec(url)?.[1] ?? basename(url);
}

const maps = new Map<string, SourceMap | undefined>();

/**
 * A function's file and line, as `path:line`: where it was written, when there is a map beside the compiled file.
 * @param line as `column`, counted from 0
 */
export function sourceOf(url: string, line: number, column: number): string {
  const path = pathOf(url);
  if (path === '') return '';
  const entry = mapOf(url)?.findEntry(line, column);
  if (entry && 'originalLine' in entry) return `${path.replace(/\.js$/, '.ts')}:${entry.originalLine + 1}`;
  return `${path}:${line + 1}`;
}

function mapOf(url: string): SourceMap | undefined {
  // Those of packages lead to files that are not installed.
  if (!OURS.test(url)) return undefined;
  if (!maps.has(url)) {
    const file = `${fileURLToPath(url)}.map`;
    maps.set(url, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(url);
}
