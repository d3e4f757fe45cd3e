import type { ContractModel, TargetField } from '../contract/contract-model.js';
import { keysOf } from './method-keys.js';
import { printMethod } from './print-method.js';
import { braces, docComment, indent, lineComments, property, quote, WIDTH } from './print-text.js';

const TARGET_FIELDS = ['topic', 'exchange', 'namespace', 'version'] as const satisfies readonly TargetField[];

/** Returns the declaration of a contract as source text. */
export function printContract(model: ContractModel): string {
  const { parameters = [], methods } = model;
  const fields: string[] = TARGET_FIELDS.flatMap((name) => {
    const value = model[name];
    return value === undefined ? [] : [`${name}: ${quote(value)}`];
  });
  if (parameters.length > 0) fields.unshift('...target');
  if (model.versionAliases !== undefined)
    fields.push(
      `versionAliases: ${braces(
        Object.entries(model.versionAliases).map(([name, version]) => `${property(name)}: ${quote(version)}`),
        ',',
        WIDTH - 22,
      )}`,
    );
  const keys = keysOf(methods);
  const printed = Object.entries(methods).map(([name, method]) =>
    printMethod(keys.get(name) ?? name, name, method, WIDTH - (parameters.length > 0 ? 6 : 4)),
  );
  fields.push(printed.length === 0 ? 'methods: {}' : `methods: {\n${printed.map((one) => indent(one)).join('\n')}\n}`);
  const definition = `defineRpcApi({\n${fields.map((field) => indent(`${field},`)).join('\n')}\n})`;
  const comments = docComment(model.doc) + lineComments(model.notes);
  if (parameters.length === 0) return `${comments}export const ${model.name} = ${definition};\n`;
  const target = braces(
    parameters.map((name) => `${name}: string`),
    ';',
    WIDTH - `export const ${model.name} = (target: ) =>`.length,
  );
  return `${comments}export const ${model.name} = (target: ${target}) =>\n${indent(definition)};\n`;
}

/** Returns the names that the contracts import from the package. */
export function importsOf(models: readonly ContractModel[]): string[] {
  const kinds = new Set(models.flatMap(({ methods }) => Object.values(methods).map(({ kind }) => kind)));
  return [...kinds, 'defineRpcApi'].sort();
}
