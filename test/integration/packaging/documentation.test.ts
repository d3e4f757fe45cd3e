import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as library from '../../../lib/index.js';
import { prometheus } from '../../../lib/observability/prometheus.js';
import * as testing from '../../../lib/testing/index.js';
import { compileSnippets, type Snippet } from '../../support/compile-snippets.js';
import { filesIn, linksOf, PAGES, textOf } from '../../support/pages.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = PAGES;
/** Pages of the repository that are not in the package. */
const others = ['CONTRIBUTING.md', 'sample-app/README.md', ...filesIn('examples', '.md')];
const texts = new Map([...pages, ...others, 'CHANGELOG.md'].map((page) => [page, textOf(page)]));

/** Blocks of code in one language. Indented blocks belong to a list. */
function blocks(text: string, language: string): { code: string; line: number }[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\``, 'gms'))].map((match) => ({
    code: match[2]?.replaceAll(new RegExp(`^${match[1]}`, 'gm'), '') ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** The page without code, and without the tables that other commands write. */
function prose(text: string): string {
  return text
    .replace(/^ *```.*?^ *```/gms, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/<!-- by .*?<!-- end -->/gs, '')
    .replace(/`[^`\n]*`/g, ' code ');
}

describe('the links of the documentation', () => {
  /** The anchor of a heading, as the hosts of repositories and packages make it. */
  const anchor = (heading: string) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
  const anchors = (text: string) =>
    [...text.replace(/^ *```.*?^ *```/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading ?? ''));

  // That those of the package are in the package is tested in package.test.ts.
  it('lead to pages and headings that exist', () => {
    const links = [...pages, ...others].flatMap(linksOf);
    const broken = links.flatMap(({ page, link, target, fragment }) => {
      const text = texts.get(target);
      if (!existsSync(join(root, target))) return [`${page}: ${link} does not exist`];
      const isMissing = fragment !== undefined && text !== undefined && !anchors(text).includes(fragment);
      return isMissing ? [`${page}: ${link} names no heading`] : [];
    });
    expect(links.length).toBeGreaterThan(100);
    expect(broken).toEqual([]);
  });

  it('name files and folders that exist in the repository', () => {
    const named = [...pages, ...others].flatMap((page) =>
      [
        ...textOf(page)
          .replace(/<!-- by .*?<!-- end -->/gs, '')
          .matchAll(/(?<![\w/])(?:lib|test|testkit|bench|conformance|examples|scripts)\/[\w/.-]*\w/g),
      ].map(([path]) => ({ page, path })),
    );
    const isInstalled = (path: string) => path.includes('/node_modules/');
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter(({ path }) => !isInstalled(path) && !existsSync(join(root, path)))).toEqual([]);
  });

  it('reach every page from the index', () => {
    const index = textOf('docs/README.md');
    const missing = filesIn('docs', '.md').filter(
      (page) => page !== 'docs/README.md' && !index.includes(`](${page.slice('docs/'.length)})`),
    );
    expect(missing).toEqual([]);
  });
});

describe('the snippets of the documentation', () => {
  it('compile', () => {
    // A program in several files needs the others beside it: examples/ are compiled as a whole.
    const parts = new Set(
      filesIn('examples', '.ts')
        .map(textOf)
        .filter((code) => /from '\.\//.test(code)),
    );
    const snippets = pages.flatMap((page) =>
      blocks(textOf(page), 'ts')
        .filter(({ code }) => !parts.has(code))
        .map(({ code, line }): Snippet => ({ name: `${page}:${line}`, code })),
    );
    expect(snippets.length).toBeGreaterThan(40);
    expect(compileSnippets(root, snippets)).toEqual([]);
  }, 120_000);

  it('in JSON can be parsed', () => {
    for (const page of pages)
      for (const { code } of blocks(textOf(page), 'json'))
        expect(ts.parseConfigFileTextToJson(page, code).error).toBeUndefined();
  });

  it('in Python can be parsed', async () => {
    const snippets = pages.flatMap((page) => blocks(textOf(page), 'python').map(({ code }) => code));
    expect(snippets.length).toBeGreaterThan(1);
    const program = 'import ast, json, sys\nfor code in json.load(sys.stdin): ast.parse(code)';
    const child = execFile('python3', ['-c', program]);
    child.stdin?.end(JSON.stringify(snippets));
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
  });

  it('that are whole programs are in examples/, which are run', () => {
    // Those with a README are run by example-scenarios.test.ts, and share the folder scenario/.
    const isShown = (file: string) =>
      !file.startsWith('examples/scenario/') && !existsSync(join(root, dirname(file), 'README.md'));
    const examples = filesIn('examples', '.ts').filter(isShown).map(textOf);
    const imported = pages.flatMap((page) =>
      blocks(textOf(page), 'ts')
        .filter(({ code }) => code.startsWith('import '))
        .map(({ code, line }) => ({ name: `${page}:${line}`, code })),
    );
    const runs = /^(void \w+\(\);|await app\.close\(\);.*|test\('.*)$/m;
    const programs = imported.filter(({ code }) => runs.test(code));
    expect(programs.filter(({ code }) => !examples.includes(code)).map(({ name }) => name)).toEqual([]);
    const shown = new Set(imported.map(({ code }) => code));
    expect(examples.filter((code) => !shown.has(code))).toEqual([]);
  });
});

describe('the reference', () => {
  const transport = library.getRpcTransport({ transportUrl: 'memory://' });
  const missing = (page: string, entries: readonly string[]) => {
    const text = textOf(page);
    expect(entries.length).toBeGreaterThan(5);
    return entries.filter((entry) => !text.includes(entry));
  };
  const quoted = (name: string) => `\`${name}\``;

  it('lists all limits and counters', () => {
    const names = [...Object.keys(transport.settings.limits), ...Object.keys(transport.counts)];
    expect(missing('docs/reference/limits.md', names.map(quoted))).toEqual([]);
  });

  it('lists all errors by code', () => {
    const classes = Object.values(library).filter(
      (value): value is typeof library.MessagingException =>
        typeof value === 'function' && value.prototype instanceof library.MessagingException,
    );
    const own = classes.filter(({ prototype }) => !(prototype instanceof library.VersionedObjectsException));
    const codes = own.map((error) => `\`${new error('').code}\` \`${error.name}\``);
    const isBase = (entry: string) => entry.includes('VersionedObjectsException');
    expect(
      missing(
        'docs/reference/errors.md',
        codes.filter((entry) => !isBase(entry)),
      ),
    ).toEqual([]);
  });

  it('lists all metrics', async () => {
    const register = new Registry();
    prometheus({ register, backlog: true });
    const names = (await register.getMetricsAsJSON()).map(({ name }) => `\`${name}\``);
    expect(missing('docs/reference/health-and-metrics.md', names)).toEqual([]);
  });

  it('lists all values that the package exports', () => {
    const names = Object.keys(library).map((name) => `\`${name}\``);
    expect(missing('docs/reference/exports.md', names)).toEqual([]);
  });

  it('lists the test kit', () => {
    const { prototype } = testing.TestBroker;
    const members = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
    const hidden = new Set(['closeAll', 'transport', 'inFlight', 'isIdle']);
    const names = [...Object.keys(testing), ...members.filter((name) => !hidden.has(name))];
    const text = textOf('docs/reference/testing.md');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});

describe('the English of the documentation', () => {
  it.each([...pages, ...others])('is plain in %s', (page) => {
    const { ratio, found } = heavyWords(prose(textOf(page)));
    expect(ratio, found).toBeLessThan(0.01);
  });

  it('is plain in test titles', () => {
    const titles = filesIn('test', '.test.ts')
      .filter((file) => !file.includes('/node_modules/'))
      .flatMap((file) => titlesIn(textOf(file)));
    expect(titles.length).toBeGreaterThan(1_200);
    const { ratio } = heavyWords(titles.join('\n'));
    expect(ratio, titles.filter((title) => heavyWords(title).ratio > 0).join('\n')).toBeLessThan(0.002);
  });

  it('fits on one screen after another in the README', () => {
    expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(200);
  });
});

/** Ratio of heavy constructions to words, and the constructions. */
function heavyWords(text: string): { ratio: number; found: string } {
  const words = text.match(/[\p{Letter}’']+/gu) ?? [];
  const found = text.match(/\b(what|whatever|whoever|whose|whom|such|so many)\b/gi) ?? [];
  return { ratio: found.length / words.length, found: found.join(', ') };
}

/** Titles of `it`, `describe` and the like in the text of a test. */
function titlesIn(text: string): string[] {
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest);
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node)) return;
    const [title, ...rest] = node.arguments;
    const isTitle = title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title));
    if (isTitle && rest.length > 0 && /^(it|test|describe\w*)\b/.test(node.expression.getText(source)))
      titles.push(title.getText(source));
  };
  visit(source);
  return titles;
}
