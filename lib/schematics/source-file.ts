import type * as TypeScript from 'typescript';
import { typescript as ts } from './toolkit.js';

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** Source file that is edited in its own style: quotes, semicolons and line ends stay as they are. */
export class SourceFile {
  /** Syntax tree of the text as it was given. */
  readonly syntax: TypeScript.SourceFile;
  private readonly insertions: Insertion[] = [];

  constructor(
    path: string,
    private readonly text: string,
  ) {
    this.syntax = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  }

  /** Imports of the file. */
  get imports(): TypeScript.ImportDeclaration[] {
    return this.syntax.statements.filter((statement) => ts.isImportDeclaration(statement));
  }

  /** Module that a name is imported from, as it is written. */
  originOf(name: string): string | undefined {
    const found = this.imports.find(({ importClause }) => {
      const bindings = importClause?.namedBindings;
      const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
      return importClause?.name?.text === name || named.some((element) => element.name.text === name);
    });
    return found && ts.isStringLiteral(found.moduleSpecifier) ? found.moduleSpecifier.text : undefined;
  }

  /** Adds an import after the others, unless the name is imported. */
  addImport(name: string, from: string): void {
    if (this.originOf(name) !== undefined) return;
    const { imports, quote, end, eol } = this;
    const line = `import { ${name} } from ${quote}${from}${quote}${end}`;
    const last = imports.at(-1);
    if (last) this.insertions.push({ at: last.getEnd(), text: `${eol}${line}` });
    else this.insertions.push({ at: 0, text: `${line}${eol}${eol}` });
  }

  /** Adds lines before a statement and its comments, as deep as it is. Their semicolons are those of the file. */
  addBefore(statement: TypeScript.Statement, lines: readonly string[]): void {
    const { eol, text } = this;
    const [comment] = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? [];
    const at = comment?.pos ?? statement.getStart();
    const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
    const indentation = before.trim() === '' ? before : '';
    const styled = lines.map((line) => (this.end === '' ? line.replace(/;(?=$| \/\/)/, '') : line));
    this.insertions.push({ at, text: styled.map((line) => `${line}${eol}${indentation}`).join('') });
  }

  /** Text with all additions. */
  toString(): string {
    const inOrder = this.insertions.toSorted((a, b) => b.at - a.at);
    return inOrder.reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), this.text);
  }

  private get eol(): string {
    return this.text.includes('\r\n') ? '\r\n' : '\n';
  }

  private get quote(): string {
    return this.imports[0]?.moduleSpecifier.getText().startsWith('"') ? '"' : "'";
  }

  private get end(): '' | ';' {
    const [first] = this.imports;
    return first && !first.getText().endsWith(';') ? '' : ';';
  }
}

/** Nodes below a node that are of a kind, in their order. */
export function nodesOf<N extends TypeScript.Node>(
  top: TypeScript.Node,
  is: (node: TypeScript.Node) => node is N,
): N[] {
  const found: N[] = [];
  const visit = (node: TypeScript.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(top);
  return found;
}
