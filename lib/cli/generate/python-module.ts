import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PythonSource } from './python-source.js';
import type { Expression, PythonClass, Statement } from './python-syntax.js';
import { readBlock } from './read-statement.js';

/** Python file: its classes, constants and imports. */
export class PythonModule {
  readonly classes = new Map<string, PythonClass>();
  /** Values assigned at the top level. */
  readonly constants = new Map<string, Expression>();
  readonly #imports = new Map<string, { module: string; member: string | undefined }>();
  readonly #tree: SourceTree;

  constructor(
    readonly file: string,
    text: string,
    tree: SourceTree,
  ) {
    this.#tree = tree;
    const source = new PythonSource(file, text);
    this.#collect(readBlock(source, source.root));
  }

  /** Returns the module that a name was imported as; undefined where its file is not in the source tree. */
  module(name: string): PythonModule | undefined {
    const found = this.#imports.get(name);
    if (found === undefined) return undefined;
    const { module, member } = found;
    const path = module.startsWith('.') ? module : member === undefined ? module : `${module}.${member}`;
    if (module.startsWith('.'))
      return this.#tree.relative(
        this.file,
        member === undefined ? module : `${module}${/\.$/.test(module) ? '' : '.'}${member}`,
      );
    return this.#tree.find(this.file, path);
  }

  /** Returns the module that defines an imported name, and its name there. */
  origin(name: string): { module: PythonModule; name: string } | undefined {
    const found = this.#imports.get(name);
    if (found?.member === undefined) return undefined;
    const module = found.module.startsWith('.')
      ? this.#tree.relative(this.file, found.module)
      : this.#tree.find(this.file, found.module);
    return module && { module, name: found.member };
  }

  #collect(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.kind === 'class') this.classes.set(statement.class.name, statement.class);
      else if (statement.kind === 'import')
        for (const { name, module, member } of statement.imports) this.#imports.set(name, { module, member });
      else if (statement.kind === 'assign' && !statement.update) {
        for (const target of statement.targets)
          if (target.kind === 'name') this.constants.set(target.name, statement.value);
      } else if (statement.kind === 'try') this.#collect([...statement.handlers.flat(), ...statement.body]);
      else if (statement.kind === 'if') this.#collect([...statement.no, ...statement.yes]);
    }
  }
}

/** Python files that have been read, and those that they import from the same source tree. */
export class SourceTree {
  readonly #modules = new Map<string, PythonModule | undefined>();
  readonly #found = new Map<string, PythonModule | undefined>();

  /** Reads a file that was named on the command line. */
  read(file: string): PythonModule {
    const known = this.#modules.get(file);
    if (known !== undefined) return known;
    const module = new PythonModule(file, readFileSync(file, 'utf8'), this);
    this.#modules.set(file, module);
    return module;
  }

  /** Returns the module of a dotted path, which is looked for in each folder above the importing file. */
  find(from: string, path: string): PythonModule | undefined {
    const key = `${dirname(from)}:${path}`;
    if (!this.#found.has(key)) this.#found.set(key, this.#search(from, path));
    return this.#found.get(key);
  }

  #search(from: string, path: string): PythonModule | undefined {
    const parts = path.split('.');
    for (let folder = dirname(from); ; folder = dirname(folder)) {
      const found = this.#tryRead(join(folder, ...parts));
      if (found !== undefined) return found;
      if (dirname(folder) === folder) return undefined;
    }
  }

  /** Returns the module of a relative import such as `..common`. */
  relative(from: string, path: string): PythonModule | undefined {
    const [, dots = '.', rest = ''] = /^(\.+)(.*)$/.exec(path) ?? [];
    const above = Array.from(dots.slice(1), () => '..');
    return this.#tryRead(join(dirname(from), ...above, ...rest.split('.').filter((part) => part !== '')));
  }

  #tryRead(path: string): PythonModule | undefined {
    for (const file of [`${path}.py`, join(path, '__init__.py')]) {
      const known = this.#modules.get(file);
      if (known !== undefined) return known;
      if (this.#modules.has(file)) continue;
      try {
        return this.read(file);
      } catch {
        // A file that is not there, or cannot be read: its names stay unknown.
        this.#modules.set(file, undefined);
      }
    }
    return undefined;
  }
}
