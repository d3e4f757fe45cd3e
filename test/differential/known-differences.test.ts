import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KNOWN } from './known-differences.js';

it('lists in the documentation exactly the differences that the comparison accepts', () => {
  const page = readFileSync(new URL('../../docs/explanation/known-differences.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...KNOWN].sort());
});
