import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { within } from '../support/bounded.js';

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));

const nodes = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => {
    const source = ts.createSourceFile(name, readFileSync(join(lib, name), 'utf8'), ts.ScriptTarget.Latest, true);
    const found: { file: string; node: ts.Node }[] = [];
    const visit = (node: ts.Node) => {
      found.push({ file: name, node });
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });

function ofKind<N extends ts.Node>(is: (node: ts.Node) => node is N): { file: string; node: N }[] {
  return nodes.flatMap(({ file, node }) => (is(node) ? [{ file, node }] : []));
}

describe('the library', () => {
  it('compiles no code but that of the text codec, which is written out in the repository', () => {
    const named = nodes.filter(
      ({ node }) => (ts.isIdentifier(node) || ts.isStringLiteral(node)) && node.text === 'WebAssembly',
    );
    expect(named.map(({ file }) => file)).toEqual(['core/text-codec.ts']);
    // A unit test compares the binary with its source.
    const modules = ofKind(ts.isNewExpression).filter(({ node }) => node.expression.getText() === 'Module');
    expect(modules.map(({ node }) => node.getText())).toEqual(["new Module(Buffer.from(TEXT_CODEC, 'base64'))"]);
  });

  it('evaluates no text, and loads no module by a received name', () => {
    const calls = [...ofKind(ts.isCallExpression), ...ofKind(ts.isNewExpression)];
    const loaded = calls.filter(({ node }) => node.expression.kind === ts.SyntaxKind.ImportKeyword);
    expect(loaded.length).toBeGreaterThan(0);
    const computed = loaded.filter(({ node }) => node.arguments?.[0]?.kind !== ts.SyntaxKind.StringLiteral);
    // Commands on the machine of a developer load the modules that the user names, and packages that lie beside them.
    const ofUser = ['cli/asyncapi/asyncapi-source.ts', 'cli/load-module.ts'];
    expect(computed.map(({ file }) => file).filter((file) => !ofUser.includes(file))).toEqual([]);
    const named = calls.filter(({ node }) => /^(eval|Function|require|createRequire)$/.test(node.expression.getText()));
    expect(named.map(({ file, node }) => `${file}: ${node.getText()}`).toSorted()).toEqual([
      'cli/asyncapi/asyncapi-page.ts: createRequire(base)',
      'cli/asyncapi/asyncapi-source.ts: createRequire(base)',
      'cli/contract/json-schema.ts: createRequire(module)',
      'schematics/toolkit.ts: createRequire(path)',
    ]);
    const dangerous = ofKind(ts.isImportDeclaration).filter(({ node }) =>
      /^'node:(vm|child_process|worker_threads)'$/.test(node.moduleSpecifier.getText()),
    );
    // The command forks itself, to load a server that does not share its processor.
    expect(dangerous.map(({ file }) => file)).toEqual(['cli/bench/server-child.ts']);
  });
});

/** Length of the runs that a regular expression may backtrack over, in characters. */
const LENGTH = 100_000;
/** In milliseconds: a hundred times what a text of that length takes, and a part of what its square would. */
const LIMIT = 4000;
const pieces = ['a', '1', '0.', ' ', '\n', '\n ', '\\', '"', '*', '.', '-', '@', ':', ',', '[', '(', '\u0000', '1 '];
const texts = pieces.flatMap((piece) => {
  const run = piece.repeat(LENGTH / piece.length);
  return [run, `${run}\u0001`, `\n1${run}\u0001`];
});

describe('a regular expression of the library', () => {
  const expressions = new Map(
    ofKind(ts.isRegularExpressionLiteral).map(({ file, node }) => [node.text, `${file}: ${node.text}`]),
  );
  expect(expressions.size).toBeGreaterThan(20);

  it.each([...expressions])('is as fast on a malicious text: %s', (literal, where) => {
    const end = literal.lastIndexOf('/');
    const expression = new RegExp(literal.slice(1, end), literal.slice(end + 1));
    for (const text of texts) {
      const about = JSON.stringify(text.slice(0, 10));
      expect(() => within(LIMIT, () => text.replace(expression, '')), `${where} on ${about}`).not.toThrow();
    }
  });
});
