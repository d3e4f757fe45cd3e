import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shownName } from '../../../lib/config/config-values.js';
import { OSLO_OPTIONS, WITHOUT_EFFECT } from '../../../lib/config/oslo-options.js';

const page = readFileSync(new URL('../../../docs/how-to/operator-config.md', import.meta.url), 'utf8');

/** Rows of the tables below a heading that names a group. */
function rows(): { group: string; name: string; path: string; note: string }[] {
  return page.split(/^### /m).flatMap((part) => {
    const group = /^`\[(\w+)\]`$/m.exec(part)?.[1];
    if (group === undefined) return [];
    return [...part.matchAll(/^\| `(\w+)` +\| `([\w.]+)` +\| (.*) \|$/gm)].map(
      ([, name = '', path = '', note = '']) => ({
        group,
        name,
        path,
        note,
      }),
    );
  });
}

describe('the page about the operator’s files', () => {
  const options = OSLO_OPTIONS.filter(({ path }) => path !== undefined);

  it('lists each option with the one that it sets', () => {
    const documented = rows().map(({ group, name, path }) => `[${group}] ${name}: ${path}`);
    const inCode = options.map(({ names: [name], path }) => `${shownName(name)}: ${path}`);
    expect(documented.toSorted()).toEqual(inCode.toSorted());
  });

  it('lists the former names of each option', () => {
    const missing = options.flatMap(({ names: [[group, name], ...former] }) => {
      const note = rows().find((row) => row.group === group && row.name === name)?.note ?? '';
      const expected = former.map((other) => (other[0] === group ? other[1] : shownName(other)));
      return expected.filter((text) => !note.includes(`\`${text}\``)).map((text) => `${name}: ${text}`);
    });
    expect(missing).toEqual([]);
  });

  it('lists the options without an effect', () => {
    const [, part = ''] = page.split('### Ignored options');
    const missing = WITHOUT_EFFECT.filter(
      ([group, name]) => !part.includes(`\`[${group}]\``) || !part.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('says which options only this library has', () => {
    const own = rows().filter(({ note }) => note.startsWith('only here'));
    const inCode = options.filter(({ type }) => type === 'own').map(({ path }) => path);
    expect(own.map(({ path }) => path)).toEqual(inCode);
  });
});
