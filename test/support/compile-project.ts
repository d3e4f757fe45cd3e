import { join } from 'node:path';
import ts from 'typescript';
import { SourceFiles } from './source-files.js';

/** Options of the strictest consumer. */
const STRICT: ts.CompilerOptions = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** Compiles projects, and files of projects, that have packages in common. */
export class ProjectCompiler {
  private readonly packages = new SourceFiles();

  /** Compiles a project by its `tsconfig.json`. Returns the errors. */
  compile(folder: string): string[] {
    const fail = ({ messageText }: ts.Diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    };
    const host = { ...ts.sys, getCurrentDirectory: () => folder, onUnRecoverableConfigFileDiagnostic: fail };
    const config = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.json'), {}, host);
    if (!config) throw new Error(`${folder} has no tsconfig.json`);
    const program = this.program(folder, config.fileNames, config.options);
    return [...config.errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics].map(errorText);
  }

  /**
   * Compiles a file of a project as strictly as possible. Returns the errors in it, and in the declarations of a package that
   * it uses. Those in the declarations of other packages are not of its making.
   */
  strictErrors(folder: string, file: string, uses: string): string[] {
    const program = this.program(folder, [join(folder, file)], STRICT);
    const files = program
      .getSourceFiles()
      .filter(({ fileName }) => fileName === join(folder, file) || fileName.includes(`/node_modules/${uses}/`));
    if (files.length < 2) throw new Error(`${file} does not use ${uses}`);
    const found = files.flatMap((one) => [
      ...program.getSyntacticDiagnostics(one),
      ...program.getSemanticDiagnostics(one),
    ]);
    return [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...found].map(errorText);
  }

  private program(folder: string, files: readonly string[], options: ts.CompilerOptions): ts.Program {
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile;
    host.getCurrentDirectory = () => folder;
    host.getSourceFile = (path, target) =>
      path.includes('/node_modules/') ? this.packages.get(path, target) : read.call(host, path, target);
    return ts.createProgram(files, options, host);
  }
}

function errorText({ file, start = 0, messageText }: ts.Diagnostic): string {
  const line = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ` : '';
  return line + ts.flattenDiagnosticMessageText(messageText, '\n');
}
