import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';
import entries from '../../scripts/entries.json' with { type: 'json' };

const root = fileURLToPath(new URL('../../', import.meta.url));
const ENTRIES = Object.values(entries).map((file) => `${root}lib/${file}.ts`);

const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile) as { config: object };
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const program = ts.createProgram(ENTRIES, options);
const checker = program.getTypeChecker();
const isOurs = (file: ts.SourceFile) => file.fileName.startsWith(`${root}lib/`);

/** Names of public members without a doc comment, of their own or of the member that they implement. */
class Undocumented {
  readonly names = new Set<string>();
  private readonly seen = new Set<ts.Symbol>();

  visit(symbol: ts.Symbol, path: string): void {
    const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const declarations = (original.declarations ?? []).filter((one) => isOurs(one.getSourceFile()));
    if (declarations.length === 0 || this.seen.has(original) || declarations.some(isHidden)) return;
    this.seen.add(original);
    const [first] = declarations as [ts.Declaration];
    const explained = meantBy(original, first).getDocumentationComment(checker).length > 0;
    if (!explained) this.names.add(path);
    for (const declaration of declarations) this.visitMembers(declaration, path);
  }

  private visitMembers(declaration: ts.Declaration, path: string): void {
    if (ts.isVariableDeclaration(declaration)) {
      const type = checker.getTypeAtLocation(declaration);
      if (type.getCallSignatures().length === 0)
        for (const member of type.getProperties()) this.visit(member, `${path}.${member.name}`);
      return;
    }
    if (!ts.isClassDeclaration(declaration) && !ts.isInterfaceDeclaration(declaration)) {
      if (!ts.isTypeAliasDeclaration(declaration)) return;
      ts.forEachChild(declaration.type, (child) => {
        if (ts.isTypeLiteralNode(child)) for (const member of child.members) this.visitMember(member, path);
      });
      if (ts.isTypeLiteralNode(declaration.type))
        for (const member of declaration.type.members) this.visitMember(member, path);
      return;
    }
    for (const member of declaration.members) {
      if (ts.isConstructorDeclaration(member)) {
        for (const parameter of member.parameters)
          if (ts.isParameterPropertyDeclaration(parameter, member)) this.visitMember(parameter, path);
      } else this.visitMember(member, path);
    }
  }

  private visitMember(member: ts.Declaration, path: string): void {
    const name = ts.getNameOfDeclaration(member);
    const symbol = name && checker.getSymbolAtLocation(name);
    if (symbol) this.visit(symbol, `${path}.${name.getText()}`);
  }
}

/** Returns the symbol that a shorthand property stands for, else the symbol itself. */
function meantBy(symbol: ts.Symbol, declaration: ts.Declaration): ts.Symbol {
  if (!ts.isShorthandPropertyAssignment(declaration)) return symbol;
  const value = checker.getShorthandAssignmentValueSymbol(declaration);
  return value && value.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(value) : (value ?? symbol);
}

function isHidden(declaration: ts.Declaration): boolean {
  const name = ts.getNameOfDeclaration(declaration);
  if (name && ts.isPrivateIdentifier(name)) return true;
  const { Private, Protected } = ts.ModifierFlags;
  return (
    (ts.getCombinedModifierFlags(declaration) & (Private | Protected)) !== 0 ||
    ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal')
  );
}

/** Doc comments of a file that do not begin with a noun or a verb, with their lines. */
function riddles(file: string, text: string): string[] {
  return [
    ...text.matchAll(
      /\/\*\*[\s*]*(?:@internal\s+)?(What(?:ever)?|Whether|How|Who(?:ever|se)?|Which|That|Those|Where|As|Of|So)\b.*/g,
    ),
  ].map(({ index, 0: comment }) => {
    const line = text.slice(0, index).split('\n').length;
    return `${file.slice(root.length)}:${line}: ${comment}`;
  });
}

it('explain every public member', () => {
  const undocumented = new Undocumented();
  let exported = 0;
  for (const entry of ENTRIES) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile) as ts.Symbol;
    for (const symbol of checker.getExportsOfModule(module)) {
      exported++;
      undocumented.visit(symbol, symbol.name);
    }
  }
  expect(exported).toBeGreaterThan(150);
  expect([...undocumented.names].join('\n')).toBe('');
});

it('begin with a noun or a verb', () => {
  const files = ['lib', 'bench', 'conformance', 'examples', 'sample-app', 'scripts', 'test']
    .flatMap((folder) =>
      ts.sys.readDirectory(root + folder, ['.ts', '.mjs'], ['**/node_modules', '**/doc-comments.test.ts']),
    )
    .filter((file) => !file.endsWith('.d.ts'));
  expect(files.length).toBeGreaterThan(400);
  expect(files.flatMap((file) => riddles(file, ts.sys.readFile(file) ?? ''))).toEqual([]);
});

it('are in plain words', () => {
  const comments = ts.sys
    .readDirectory(`${root}lib`, ['.ts'])
    .flatMap((file) => [...(ts.sys.readFile(file) ?? '').matchAll(/\/\*\*.*?\*\//gs)].map(([comment]) => comment))
    .join('\n');
  const words = comments.match(/[\p{Letter}’']+/gu) ?? [];
  const heavy = comments.match(/\b(what|whatever|whoever|whose|whom|such|so many)\b/gi) ?? [];
  expect(words.length).toBeGreaterThan(20_000);
  expect(heavy.length / words.length).toBeLessThan(0.005);
});

it('are reported when they begin with Whether', () => {
  expect(riddles(`${root}lib/x.ts`, '/** Fine. */\n/**\n * Whether it is. */\nlet x;')).toEqual([
    expect.stringMatching(/^lib\/x\.ts:2: /),
  ]);
});
