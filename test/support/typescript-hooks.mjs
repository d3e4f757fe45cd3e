import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const ENTRIES = JSON.parse(readFileSync(new URL('../../scripts/entries.json', import.meta.url), 'utf8'));
/** Compiler options of tsconfig.json. */
const COMPILER = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2022',
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};
let entries = ENTRIES;

/** @param data.entries false to leave the library as it is built */
export function initialize(data) {
  if (data?.entries === false) entries = {};
}

export async function resolve(specifier, context, next) {
  const entry = Object.hasOwn(entries, specifier) && `../../lib/${entries[specifier]}.ts`;
  if (entry) return { url: new URL(entry, import.meta.url).href, shortCircuit: true };
  const ours = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
  return next(ours ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...COMPILER, filename });
  return { format: 'module', source: code, shortCircuit: true };
}
