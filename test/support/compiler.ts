import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { repositoryFiles } from './source-files.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const installed = `${root}node_modules/nestjs-oslo-messaging/`;

/** A complaint of the compiler. */
export interface Complaint {
  /** Path below the repository. */
  readonly file: string;
  readonly line: number;
  readonly code: number;
  readonly text: string;
}

const exists = new Map<string, boolean>();

/** Compiles programs that see the library as npm would install it: its emitted declarations, and its `exports`. */
export class Compiler {
  /** Emitted declarations and the manifest, by path. */
  private readonly library = new Map<string, string>();
  private readonly folders = new Set<string>();

  constructor() {
    this.put(`${installed}package.json`, readFileSync(`${root}package.json`, 'utf8'));
    const { options, fileNames } = readConfig(`${root}lib/tsconfig.json`);
    const host = ts.createCompilerHost(options);
    host.getSourceFile = (path, target) => repositoryFiles.get(path, target);
    const program = ts.createProgram(fileNames, { ...options, emitDeclarationOnly: true, noCheck: true }, host);
    program.emit(undefined, (path, text) => {
      // The build bundles the modules; the paths of the declarations stay.
      this.put(join(installed, path.slice(root.length).replace('dist/modules/', 'dist/lib/')), text);
    });
  }

  /** Path of the declarations of an entry point. */
  declarationsOf(file: string): string {
    return `${installed}dist/lib/${file}`;
  }

  /** The text of an emitted declaration file. */
  textOf(path: string): string {
    return this.library.get(path) ?? '';
  }

  /** A program of the files, whose texts may be changed on the way. */
  program(files: readonly string[], options: ts.CompilerOptions, change = (text: string) => text): ts.Program {
    const all = { ...readConfig(`${root}tsconfig.json`).options, ...options, paths: {}, noEmit: false };
    const host = ts.createCompilerHost(all);
    const read = (path: string) => this.library.get(path) ?? ts.sys.readFile(path);
    host.readFile = read;
    host.fileExists = (path) => this.library.has(path) || isThere(path);
    host.directoryExists = (path) => this.folders.has(path.replace(/\/$/, '')) || ts.sys.directoryExists(path);
    // Links would lead out of the installed package.
    host.realpath = (path) => (path.startsWith(installed) ? path : (ts.sys.realpath?.(path) ?? path));
    host.getSourceFile = (path, target) =>
      files.includes(path)
        ? ts.createSourceFile(path, change(read(path) ?? ''), target, true)
        : repositoryFiles.get(path, target, read);
    host.writeFile = () => undefined;
    return ts.createProgram([...files], all, host);
  }

  private put(path: string, text: string): void {
    this.library.set(path, text);
    for (let folder = dirname(path); !this.folders.has(folder) && folder.length > 1; folder = dirname(folder))
      this.folders.add(folder);
  }
}

/** Every complaint about the files of a program, of its declarations too where they are emitted. */
export function complaints(program: ts.Program): Complaint[] {
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(),
    ...program.getSemanticDiagnostics(),
    ...(program.getCompilerOptions().declaration ? program.getDeclarationDiagnostics() : []),
  ];
  return found.map(({ file, start = 0, code, messageText }) => ({
    file: file?.fileName.slice(root.length) ?? '',
    line: file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0,
    code,
    text: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}

function readConfig(path: string) {
  return ts.parseJsonConfigFileContent(ts.readConfigFile(path, ts.sys.readFile).config, ts.sys, dirname(path));
}

function isThere(path: string): boolean {
  const known = exists.get(path) ?? existsSync(path);
  exists.set(path, known);
  return known;
}
