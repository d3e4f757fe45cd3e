// The declarations that the types of the entry points are made of. The compiler emits those of every module; users see a part.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

/**
 * Returns the text of the declaration files that entry points need, by path. In each file stays what is reached by name
 * from the exports of an entry point. A name that is written anywhere in a declaration counts.
 */
export function neededDeclarations(folder, entries) {
  const files = new Map();
  const fileOf = (path) => {
    const file = files.get(path) ?? new DeclarationFile(path, fileOf);
    files.set(path, file);
    return file;
  };
  for (const entry of entries) fileOf(`${folder}/${entry}.d.ts`).keepAll();
  return [...files.values()].map((file) => [file.path, file.text()]);
}

class DeclarationFile {
  #fileOf;
  #source;
  /** Declarations that stay, with those of their names that stay where it imports or exports names. */
  #kept = new Map();
  #wanted = new Set();

  constructor(path, fileOf) {
    this.path = path;
    this.#fileOf = fileOf;
    this.#source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  }

  keepAll() {
    for (const statement of this.#source.statements) this.#keep(statement, elementsOf(statement));
  }

  /** Keeps the declarations of a name, and of the names in them. */
  keepName(name) {
    if (this.#wanted.has(name)) return;
    this.#wanted.add(name);
    for (const statement of this.#source.statements) {
      const elements = elementsOf(statement)?.filter((element) => element.name.text === name);
      if (elements?.length > 0 || declaredNames(statement).includes(name)) this.#keep(statement, elements);
      if (isExportOfAll(statement)) this.#otherOf(statement)?.keepName(name);
    }
  }

  #keep(statement, elements) {
    const known = this.#kept.get(statement);
    const added = elements?.filter((element) => !known?.has(element));
    this.#kept.set(statement, new Set([...(known ?? []), ...(elements ?? [])]));
    if (statement.moduleSpecifier) {
      const other = this.#otherOf(statement);
      for (const { propertyName, name } of added ?? []) other?.keepName((propertyName ?? name).text);
      if (!elements) other?.keepAll();
    } else if (elements) for (const { propertyName, name } of added) this.keepName((propertyName ?? name).text);
    else if (!known) this.#keepMentioned(statement);
  }

  #keepMentioned(node) {
    if (ts.isIdentifier(node)) this.keepName(node.text);
    // import('./file.js').Name
    if (ts.isImportTypeNode(node)) this.#fileAt(node.argument.literal.text)?.keepAll();
    ts.forEachChild(node, (child) => this.#keepMentioned(child));
  }

  #otherOf({ moduleSpecifier }) {
    return this.#fileAt(moduleSpecifier.text);
  }

  #fileAt(specifier) {
    if (!specifier.startsWith('.')) return undefined;
    return this.#fileOf(resolve(dirname(this.path), specifier.replace(/\.js$/, '.d.ts')));
  }

  text() {
    const text = this.#source.text;
    const parts = this.#source.statements.flatMap((statement) => {
      const elements = elementsOf(statement);
      const kept = this.#kept.get(statement);
      if (isExportOfAll(statement) || isExportOfNothing(statement)) return [text.slice(statement.pos, statement.end)];
      if (!kept) return [];
      const left = elements?.filter((element) => !kept.has(element)) ?? [];
      if (left.length === 0) return [text.slice(statement.pos, statement.end)];
      // The list of names in braces.
      const list = namedBindings(statement);
      const names = [...kept].map((element) => element.getText(this.#source)).join(', ');
      return [`${text.slice(statement.pos, list.pos)} { ${names} }${text.slice(list.end, statement.end)}`];
    });
    return `${parts.join('').trim()}\n`;
  }
}

function isExportOfAll(statement) {
  return ts.isExportDeclaration(statement) && !statement.exportClause;
}

/** `export {}`, without which all declarations of a file are exported. */
function isExportOfNothing(statement) {
  return ts.isExportDeclaration(statement) && statement.exportClause?.elements?.length === 0;
}

/** The list of names that a statement imports or exports, if it has one. */
function namedBindings(statement) {
  const list = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : ts.isExportDeclaration(statement)
      ? statement.exportClause
      : undefined;
  return list?.elements ? list : undefined;
}

function elementsOf(statement) {
  return namedBindings(statement)?.elements.slice();
}

/** The names that a statement declares, or imports as a whole. */
function declaredNames(statement) {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.text);
  const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined;
  return [statement.name, clause?.name, clause?.namedBindings?.name].flatMap((name) => name?.text ?? []);
}
