import { statSync } from 'node:fs';
import type { ContractModel } from '../contract/contract-model.js';
import { UsageError } from '../exit-code.js';
import { describeClass, sendsRequests } from './describe-class.js';
import { describeManager } from './describe-manager.js';
import type { GivenTarget } from './describe-target.js';
import { isManager } from './is-manager.js';
import { ResolvedClass } from './python-class.js';
import { type PythonModule, SourceTree } from './python-module.js';

/** Choice of classes on the command line. */
export interface ClassChoice extends GivenTarget {
  readonly classes: readonly string[];
  /** Managers are read, too: they win over the requests that they send themselves. */
  readonly managers: boolean;
}

/**
 * Reads the contracts of Python files: of the classes that were named, else of the only RPC API class of each file.
 * @throws UsageError for a file that cannot be read, has no such class or several
 */
export function readContracts(files: readonly string[], choice: ClassChoice): ContractModel[] {
  const tree = new SourceTree();
  const modules = files.map((file) => readModule(tree, file));
  const missing = new Set(choice.classes);
  const models = modules.flatMap((module) => {
    try {
      const chosen = choose(module, choice);
      for (const { name } of chosen) missing.delete(name);
      return chosen.map((subject) => describe(subject, choice));
    } catch (error) {
      throw tooDeep(error, module.file);
    }
  });
  const [absent] = missing;
  if (absent !== undefined)
    throw new UsageError(`--class: no class "${absent}" in ${files.join(', ')}; ${listOf(modules.flatMap(classesOf))}`);
  return models;
}

function readModule(tree: SourceTree, file: string): PythonModule {
  try {
    if (statSync(file).isDirectory()) throw new UsageError(`${file}: expected a Python file; got a directory`);
    return tree.read(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`${file}: no such file`);
    if (code !== undefined) throw new UsageError(`${file}: cannot be read (${code})`);
    throw tooDeep(error, file);
  }
}

function choose(module: PythonModule, { classes, managers }: ClassChoice): ResolvedClass[] {
  const all = classesOf(module);
  if (classes.length > 0) return all.filter(({ name }) => classes.includes(name));
  const found = all.filter((subject) => (managers && isManager(subject)) || sendsRequests(subject));
  if (found.length === 1) return found;
  const sought = managers ? 'RPC API or manager class' : 'RPC API class (none sends requests with call or cast)';
  if (found.length === 0) {
    const manager = all.find(isManager);
    const hint = manager === undefined ? '' : `. To read the manager class ${manager.name}, give --endpoint`;
    throw new UsageError(`${module.file}: no ${sought}; ${listOf(all)}${hint}`);
  }
  const names = found.map(({ name }) => name).join(', ');
  throw new UsageError(
    `${module.file}: several RPC API ${managers ? 'or manager ' : ''}classes: ${names}. Choose by --class NAME`,
  );
}

function describe(subject: ResolvedClass, choice: ClassChoice): ContractModel {
  const asManager = choice.managers && isManager(subject);
  const asClient = asManager ? undefined : describeClass(subject, choice);
  const described = asClient ?? (choice.managers ? describeManager(subject, choice) : undefined);
  if (described !== undefined && Object.keys(described.methods).length > 0) return described;
  if (asClient !== undefined)
    throw new UsageError(`--class: the methods that ${subject.name} calls are not known. ${asClient.notes?.join(' ')}`);
  if (described !== undefined)
    throw new UsageError(
      `--class: ${subject.name} has no public method with a request context as first parameter; ${methodsOf(subject)}`,
    );
  throw new UsageError(
    `--class: ${subject.name} sends no requests with call or cast. For a manager class, give --endpoint`,
  );
}

function classesOf(module: PythonModule): ResolvedClass[] {
  return [...module.classes.values()].map((definition) => new ResolvedClass(definition, module));
}

function methodsOf(subject: ResolvedClass): string {
  const names = [...subject.methods.keys()].filter((name) => !name.startsWith('_'));
  return names.length === 0 ? 'found no public method' : `found ${names.join(', ')}`;
}

function listOf(classes: readonly ResolvedClass[]): string {
  return classes.length === 0 ? 'found no class' : `found ${classes.map(({ name }) => name).join(', ')}`;
}

/** Returns the error to throw: a source may be nested deeper than the stack is. */
function tooDeep(error: unknown, file: string): unknown {
  return error instanceof RangeError ? new UsageError(`${file}: is nested too deeply to be read`) : error;
}
