import type { ContractModel, MethodModel } from '../contract/contract-model.js';
import { endpointNameOf } from './contract-names.js';
import { keysOf } from './method-keys.js';
import { indent, property, quote, WIDTH } from './print-text.js';

/** Returns the names that endpoints import from the package. */
export function endpointImports(): string[] {
  return ['RpcArgs', 'RpcEndpoint', 'type RpcApiArgs', 'type RpcHandlers'];
}

/** Returns the skeleton of a Nest class that answers a contract. Its methods throw until they are written. */
export function printEndpoint(model: ContractModel): string {
  const keys = keysOf(model.methods);
  const methods = Object.entries(model.methods).map(([name, method]) =>
    indent(printHandler(model.name, keys.get(name) ?? name, name, method)),
  );
  const head = `export class ${endpointNameOf(model.name)}\n  implements RpcHandlers<typeof ${model.name}>\n{`;
  const oneLine = head.replace('\n  implements', ' implements').replace('\n{', ' {');
  return `@RpcEndpoint(${model.name})\n${oneLine.length <= WIDTH ? oneLine : head}\n${methods.join('\n\n')}\n}\n`;
}

function printHandler(api: string, key: string, name: string, method: MethodModel): string {
  const result = method.kind === 'cast' ? 'void' : (method.result ?? 'unknown');
  const body = `{\n  throw new Error(${quote(`${name} is not implemented`)});\n}`;
  const hasArguments = method.open === true || Object.keys(method.args ?? {}).length > 0;
  if (!hasArguments) return `async ${property(key)}(): Promise<${result}> ${body}`;
  const parameter = `@RpcArgs() args: RpcApiArgs<typeof ${api}, ${quote(key)}>`;
  const oneLine = `async ${property(key)}(${parameter}): Promise<${result}> {`;
  if (oneLine.length + 2 <= WIDTH) return `${oneLine}${body.slice(1)}`;
  const broken = parameter.length + 5 <= WIDTH ? parameter : parameter.replace(' ', '\n');
  return `async ${property(key)}(\n${indent(broken)},\n): Promise<${result}> ${body}`;
}
