import type { PythonModule } from './python-module.js';
import type { Expression, PythonClass, PythonFunction } from './python-syntax.js';

/** Class with its module and those of its base classes that the source tree has. */
export class ResolvedClass {
  readonly methods = new Map<string, PythonFunction>();
  readonly constants = new Map<string, Expression>();
  readonly bases: readonly ResolvedClass[];

  constructor(
    readonly definition: PythonClass,
    readonly module: PythonModule,
    resolving: readonly PythonClass[] = [],
  ) {
    for (const statement of definition.body) {
      if (statement.kind === 'function') this.methods.set(statement.function.name, statement.function);
      else if (statement.kind === 'assign' && !statement.update)
        for (const target of statement.targets)
          if (target.kind === 'name') this.constants.set(target.name, statement.value);
    }
    const known = [...resolving, definition];
    this.bases = definition.bases.flatMap((base) => resolveClass(base, module, known) ?? []);
  }

  get name(): string {
    return this.definition.name;
  }

  /** This class and its base classes, in the order in which Python looks for attributes. */
  get lineage(): ResolvedClass[] {
    return [...new Set([this, ...this.bases.flatMap((base) => base.lineage)])] as ResolvedClass[];
  }

  /** Returns the method of a name and the class that has it. */
  method(name: string): { function: PythonFunction; of: ResolvedClass } | undefined {
    for (const of of this.lineage) {
      const found = of.methods.get(name);
      if (found !== undefined) return { function: found, of };
    }
    return undefined;
  }

  /** Returns the method of a name in the base classes of a class of the lineage. */
  methodAbove(name: string, above: ResolvedClass): { function: PythonFunction; of: ResolvedClass } | undefined {
    for (const of of this.lineage.slice(this.lineage.indexOf(above) + 1)) {
      const found = of.methods.get(name);
      if (found !== undefined) return { function: found, of };
    }
    return undefined;
  }

  /** Returns the value assigned to a name in the class body, and the class that has it. */
  constant(name: string): { value: Expression; of: ResolvedClass } | undefined {
    for (const of of this.lineage) {
      const value = of.constants.get(name);
      if (value !== undefined) return { value, of };
    }
    return undefined;
  }
}

function resolveClass(
  base: Expression,
  module: PythonModule,
  resolving: readonly PythonClass[],
): ResolvedClass | undefined {
  const found = find(base, module);
  if (found === undefined || resolving.includes(found.definition)) return undefined;
  return new ResolvedClass(found.definition, found.module, resolving);
}

function find(base: Expression, module: PythonModule): { definition: PythonClass; module: PythonModule } | undefined {
  if (base.kind === 'attribute' && base.of.kind === 'name') {
    const imported = module.module(base.of.name);
    const definition = imported?.classes.get(base.name);
    return imported && definition && { definition, module: imported };
  }
  if (base.kind !== 'name') return undefined;
  const own = module.classes.get(base.name);
  if (own !== undefined) return { definition: own, module };
  const origin = module.origin(base.name);
  const definition = origin?.module.classes.get(origin.name);
  return origin && definition && { definition, module: origin.module };
}
