import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generate, MODULE } from '../../support/new-project.js';

describe('the collection', () => {
  it('has the generators of Nest, too', async () => {
    const { tree } = await generate('controller', { name: 'orders', language: 'ts' });
    expect(tree.readContent(MODULE)).toContain('OrdersController');
  });
});

describe('the reference of the schematics', () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const page = readFileSync(`${root}docs/reference/schematics.md`, 'utf8');
  const sources = readdirSync(`${root}lib/schematics`, { recursive: true, encoding: 'utf8' });
  const textOf = (file: string) => readFileSync(`${root}lib/schematics/${file}`, 'utf8');

  it('lists every option', () => {
    // Those that the CLI gives, and short forms.
    const hidden = new Set(['name', 'path', 'language', 'sourceRoot', 's', 'd']);
    const options = sources
      .filter((file) => file.endsWith('schema.json'))
      .flatMap((file) => Object.keys((JSON.parse(textOf(file)) as { properties: object }).properties))
      .filter((option) => !hidden.has(option))
      .map((option) => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    expect(options.length).toBeGreaterThan(10);
    // --no-spec is the form in use.
    expect(options.filter((option) => !page.includes(option) && !page.includes(option.replace('--', '--no-')))).toEqual(
      [],
    );
  });

  it('lists every reason and refusal', () => {
    const text = sources
      .filter((file) => file.endsWith('.ts'))
      .map(textOf)
      .join('\n');
    const texts = [
      ...text.matchAll(/reason: '([^']+)'/g),
      ...text.matchAll(/(?<=\breason =[^;]*)'(\w[^']+)'/g),
      ...text.matchAll(/SchematicsException\(\s*['`]([^'`$]+)/g),
      ...text.matchAll(/ask\(context, \w+, '([^']+)'/g),
    ].map(([, found = '']) => found.split(/[;:] (?=give|run|const)/)[0] ?? '');
    expect(texts.length).toBeGreaterThan(10);
    expect(texts.filter((reason) => !page.includes(reason.trim()))).toEqual([]);
  });
});
