import ts from 'typescript';

/**
 * Files of programs. Each is parsed and bound once for all of these, whose compiler options must resolve modules in the same
 * way: most of the time of a small program is that of the declarations that it imports.
 */
export class SourceFiles {
  private readonly parsed = new Map<string, ts.SourceFile>();

  /** Returns a file; undefined for one that cannot be read. */
  get(
    path: string,
    target: ts.ScriptTarget | ts.CreateSourceFileOptions,
    read: (path: string) => string | undefined = ts.sys.readFile,
  ): ts.SourceFile | undefined {
    const known = this.parsed.get(path);
    if (known) return known;
    const text = read(path);
    if (text === undefined) return undefined;
    const file = ts.createSourceFile(path, text, target, true);
    this.parsed.set(path, file);
    return file;
  }
}

/** Files of programs in this repository. */
export const repositoryFiles = new SourceFiles();
