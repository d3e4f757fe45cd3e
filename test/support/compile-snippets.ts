import { join } from 'node:path';
import ts from 'typescript';
import entries from '../../scripts/entries.json' with { type: 'json' };
import { repositoryFiles } from './source-files.js';

export interface Snippet {
  name: string;
  code: string;
}

/** Type of the API of the README's first program. */
const CALCULATOR =
  'import("nestjs-oslo-messaging").RpcApi<{ add: import("nestjs-oslo-messaging").RpcCall<{ a: number; b: number }, number> }>';
/** Type of the API of the page on rolling upgrades. */
const CONDUCTOR =
  'import("nestjs-oslo-messaging").RpcApi<{ list: import("nestjs-oslo-messaging").RpcCall<Record<never, never>, string[], "1.2"> }, "1.2", { antelope: "1.0" }>';
/** Objects that a snippet without imports may use as given. */
const GIVEN: Record<string, string> = {
  app: 'import("@nestjs/common").INestApplication',
  rpc: 'import("nestjs-oslo-messaging").BackingOffClient',
  notifier: 'import("nestjs-oslo-messaging").Notifier',
  api: `import("nestjs-oslo-messaging").RpcApiClient<${CALCULATOR}>`,
  conductorApi: CONDUCTOR,
  context: 'import("nestjs-oslo-messaging").RequestContext',
  transport: 'import("nestjs-oslo-messaging").Transport',
  broker: 'import("nestjs-oslo-messaging/testing").TestBroker',
  jest: '{ useFakeTimers(): void; useRealTimers(): void; advanceTimersByTimeAsync(ms: number): Promise<void> }',
  options: 'import("nestjs-oslo-messaging").OsloMessagingOptions',
  request: '{ user: { id: string } }',
  next: '() => void',
  urls: 'string[]',
  vault: '{ read(path: string): Promise<{ username: string; password: string; ttl: number }> }',
  Sample: 'new () => object',
  AppModule: 'new () => object',
};
/** Modules whose exports a snippet without imports may use. */
const MODULES = [
  ...Object.keys(entries),
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/microservices',
  '@nestjs/terminus',
  '@nestjs/testing',
  'rxjs',
  'prom-client',
  'vitest',
];

/** Exports everything that a snippet without imports may use. */
const EXPORTS = MODULES.map((name, index) => `export * as m${index} from '${name}';`).join('\n');

/** Compiles each snippet as a module of its own. Returns the errors, each with the page and line of its snippet. */
export function compileSnippets(root: string, snippets: readonly Snippet[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root);
  const settings = { ...options, noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false };
  const names = exportsOf(programOf(new Map([[join(root, 'snippet-exports.ts'), EXPORTS]]), settings));
  const sources = new Map(
    snippets.map(({ code }, index) => [join(root, `snippet-${index}.ts`), withImports(code, names)]),
  );
  const program = programOf(sources, settings);
  return [...sources.keys()].flatMap((file, index) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(
      ({ messageText }) => `${snippets[index]?.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

/** Returns a program of texts. */
function programOf(texts: ReadonlyMap<string, string>, settings: ts.CompilerOptions): ts.Program {
  const host = ts.createCompilerHost(settings);
  const { fileExists } = host;
  host.fileExists = (file) => texts.has(file) || fileExists.call(host, file);
  host.getSourceFile = (file, target) => {
    const text = texts.get(file);
    return text === undefined ? repositoryFiles.get(file, target) : ts.createSourceFile(file, text, target, true);
  };
  return ts.createProgram([...texts.keys()], settings, host);
}

/** Names that the modules export, with the module of each. @param program of {@link EXPORTS} */
function exportsOf(program: ts.Program): Map<string, string> {
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  const [file] = program.getRootFileNames();
  for (const statement of program.getSourceFile(file ?? '')?.statements ?? []) {
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier) continue;
    const symbol = checker.getSymbolAtLocation(statement.moduleSpecifier);
    const name = (statement.moduleSpecifier as ts.StringLiteral).text;
    for (const { name: exported } of symbol ? checker.getExportsOfModule(symbol) : [])
      if (!found.has(exported)) found.set(exported, name);
  }
  return found;
}

/** Adds imports and given objects for the names that the snippet uses and does not declare. */
function withImports(code: string, names: ReadonlyMap<string, string>): string {
  const source = ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.ESNext, true);
  const declared = new Set<string>();
  const used = new Set<string>();
  const visit = (node: ts.Node, isTop: boolean): void => {
    if (ts.isIdentifier(node)) used.add(node.text);
    if (
      ts.isImportSpecifier(node) ||
      (isTop && ts.isVariableDeclaration(node)) ||
      ts.isClassDeclaration(node) ||
      ts.isFunctionDeclaration(node)
    )
      for (const name of node.name ? namesIn(node.name) : []) declared.add(name);
    ts.forEachChild(node, (child) => visit(child, isTop && !ts.isFunctionLike(child) && !ts.isClassDeclaration(child)));
  };
  visit(source, true);
  const lines: string[] = [];
  for (const name of used) {
    const from = names.get(name);
    if (declared.has(name)) continue;
    if (Object.hasOwn(GIVEN, name)) lines.push(`declare const ${name}: ${GIVEN[name]};`);
    else if (name === 'assert') lines.push("import assert from 'node:assert/strict';");
    else if (from !== undefined) lines.push(`import { ${name} } from '${from}';`);
  }
  return [...lines, code, 'export {};'].join('\n');
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}
