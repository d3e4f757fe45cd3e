import { dirname, relative } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import entryPoints from '../../scripts/entries.json' with { type: 'json' };
import { Compiler, complaints, root } from '../support/compiler.js';
import { BY_CONTRACT, BY_NAME, METHODS } from './many-methods.js';

const fixture = (name: string) => `${root}test/types/consumer/${name}.ts`;
const NONSENSE = ['rpc', 'notifications', 'nest', 'objects', 'testing', 'contracts'].map((room) =>
  fixture(`nonsense-${room}`),
);
const DIRECTIVE = '// @ts-expect-error';

/** Bound of the time that a contract takes, as a multiple of what calls by name take. It is about 6. */
const CONTRACT_BOUND = 12;

/** Compiler options that a consumer may set. The nonsense is refused under both. */
const STRICTNESS = [
  { strict: 'exactOptionalPropertyTypes', options: { exactOptionalPropertyTypes: true } },
  { strict: 'strict alone', options: { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false } },
] as const;

describe('the public types', () => {
  let compiler: Compiler;

  beforeAll(() => {
    compiler = new Compiler();
  }, 240_000);

  describe.each(STRICTNESS)('under $strict', ({ options }) => {
    it('refuse every wrong line, and accept every right line', { timeout: 240_000 }, () => {
      const files = [
        ...NONSENSE,
        ...['sense', 'sense-testing', 'sense-contracts', 'undefined', 'library'].map(fixture),
      ];
      // Without its directive a line shows the error, which must not be that a name is unknown.
      const program = compiler.program(files, { ...options, declaration: true }, (text) =>
        text.replaceAll(DIRECTIVE, '// was expected to fail'),
      );
      const found = complaints(program);
      const unknownNames = found.filter(({ code }) => [2304, 2305, 2307, 2552, 2614, 2724].includes(code));
      expect(unknownNames).toEqual([]);
      const wanted = NONSENSE.flatMap((file) => {
        const lines = (program.getSourceFile(file)?.text ?? '').split('\n');
        const directives = lines.flatMap((text, index) => (text.includes('// was expected to fail') ? [index] : []));
        return directives.map((index) => ({
          at: `${relative(root, file)}:${index + 2}`,
          text: lines[index + 1]?.trim(),
        }));
      });
      const at = new Set(found.map(({ file, line }) => `${file}:${line}`));
      expect(wanted.length).toBeGreaterThan(200);
      expect(wanted.filter((line) => !at.has(line.at)).map(({ at, text }) => `compiles: ${at}: ${text}`)).toEqual([]);
      const expected = new Set(wanted.map((line) => line.at));
      expect(found.filter(({ file, line }) => !expected.has(`${file}:${line}`))).toEqual([]);
    });
  });

  it('export each type that an exported one uses', { timeout: 120_000 }, () => {
    const entries = Object.values(entryPoints).map((file) => compiler.declarationsOf(`${file}.d.ts`));
    expect(unexported(compiler.program(entries, {}), entries)).toEqual([]);
  });

  it('contain no any', () => {
    const files = compiler.program([compiler.declarationsOf('index.d.ts')], {}).getSourceFiles();
    const ours = files.filter(({ fileName }) => fileName.startsWith(dirname(compiler.declarationsOf('index.d.ts'))));
    const found = ours.flatMap((file) => {
      const lines: string[] = [];
      const visit = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) lines.push(`${file.fileName}: ${node.parent.getText()}`);
        ts.forEachChild(node, visit);
      };
      visit(file);
      return lines;
    });
    expect(ours.length).toBeGreaterThan(30);
    expect(found).toEqual([]);
  });

  describe(`of a contract of ${METHODS} methods`, () => {
    const file = fixture('sense');

    /** Checks a text. `ms` is the time of the processor that it took, without reading and binding the files. */
    function check(text: string) {
      const program = compiler.program([file], {}, () => text);
      program.getTypeChecker();
      const before = process.cpuUsage();
      const found = complaints(program);
      const { user, system } = process.cpuUsage(before);
      return { ms: (user + system) / 1000, found, program };
    }

    it('are checked in a small multiple of the time of calls by name', { timeout: 240_000 }, () => {
      const byName = check(BY_NAME);
      const [first, second] = [check(BY_CONTRACT), check(BY_CONTRACT)];
      expect([byName, first, second].flatMap(({ found }) => found)).toEqual([]);
      expect(Math.min(first.ms, second.ms)).toBeLessThan(CONTRACT_BOUND * byName.ms);
    });

    it('name the method in an error, and complete its arguments', { timeout: 240_000 }, () => {
      const wrong = BY_CONTRACT.replace("client.method_7({ id_7: 'x'", 'client.method_7({ id_7: 5')
        .replace('client.method_9(', 'client.methd_9(')
        .replace('at_13: args.size', 'at_13: args.name');
      const lacking = "\nexport class Lacking implements Pick<RpcHandlers<typeof api>, 'method_11'> {}";
      const asked = '\nexport const last = (client: RpcApiClient<typeof api>) => client.method_5;';
      const { found, program } = check(wrong + lacking + asked);
      expect(found.map(({ text }) => text)).toEqual([
        expect.stringContaining("'number' is not assignable to type 'string'"),
        expect.stringMatching(/'methd_9' does not exist.*Did you mean 'method_9'/s),
        expect.stringMatching(/Property 'method_13'.*Types of property 'at_13' are incompatible/s),
        expect.stringContaining('method_11'),
      ]);
      const last = program.getSourceFile(file)?.statements.at(-1) as ts.VariableStatement;
      const [{ initializer }] = last.declarationList.declarations as unknown as [ts.VariableDeclaration];
      const { body } = initializer as ts.ArrowFunction;
      const checker = program.getTypeChecker();
      const [signature] = checker.getTypeAtLocation(body).getCallSignatures();
      const [args] = signature?.getParameters() ?? [];
      const shown = args && checker.typeToString(checker.getTypeOfSymbol(args));
      expect(shown).toBe('{ id_5: string; name: string; size?: number; tags?: string[]; }');
      const members = checker.getTypeAtLocation((body as ts.PropertyAccessExpression).expression).getProperties();
      expect(members).toHaveLength(METHODS + ['$api', '$client', '$prepare', '$canSend'].length);
    });
  });
});

/** Names in exported declarations whose own declarations are the library's, and not exported. */
function unexported(program: ts.Program, entries: readonly string[]): string[] {
  const checker = program.getTypeChecker();
  const own = (symbol: ts.Symbol) =>
    symbol.declarations?.some((declaration) => declaration.getSourceFile().fileName.includes('/dist/lib/')) ?? false;
  const original = (symbol: ts.Symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(
    entries.flatMap((entry) => {
      const file = program.getSourceFile(entry);
      const symbol = file && checker.getSymbolAtLocation(file);
      return symbol ? checker.getExportsOfModule(symbol).map(original) : [];
    }),
  );
  const missing = new Set<string>();
  const visit = (node: ts.Node, owner: string): void => {
    // The type of a value is written out where it is used.
    if (ts.isTypeQueryNode(node)) return;
    // Type parameters and members have a symbol, too; only what a module declares can be exported.
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const declared = symbol && original(symbol);
      const atTop = declared?.declarations?.some(
        ({ parent }) => parent && (ts.isSourceFile(parent) || isVariableOfModule(parent)),
      );
      if (declared && atTop && own(declared) && !exported.has(declared)) missing.add(`${declared.name} (in ${owner})`);
    }
    ts.forEachChild(node, (child) => visit(child, owner));
  };
  for (const symbol of exported) for (const declaration of symbol.declarations ?? []) visit(declaration, symbol.name);
  expect(exported.size).toBeGreaterThan(100);
  return [...missing];
}

function isVariableOfModule(node: ts.Node): boolean {
  return ts.isVariableDeclarationList(node) && ts.isSourceFile(node.parent.parent);
}
