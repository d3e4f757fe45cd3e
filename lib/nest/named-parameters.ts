import { DefaultValuePipe } from '@nestjs/common';
import type { NamedArgument } from '../rpc/argument-check.js';
import { refuseArguments } from './argument-refusal.js';
import { requestContextOf } from './request-context-parameter.js';

/** Metadata key of Nest's parameter decorators, on the class, by method. */
const PARAMETERS = '__routeArguments__';
/** Metadata key of the parameter types that the compiler emits, on the prototype, by method. */
const TYPES = 'design:paramtypes';
/** Metadata key of the arguments that `@RpcArg` calls optional, by index; on the class, by method. */
const OPTIONAL = 'nestjs-oslo-messaging:optional-arguments';
/** Beginnings of the keys of `@Payload()` and `@Ctx()` in Nest's metadata of parameters. */
const PAYLOAD = '3:';
const CONTEXT = '6:';

/** Decorated parameter in Nest's metadata. */
interface Parameter {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly unknown[] | undefined;
  readonly factory?: unknown;
}

/** Parameters of a method that are all named. */
export interface NamedParameters {
  /** Arguments, in the order of the parameters. */
  readonly named: readonly NamedArgument[];
  /** Arguments whose names every object has, such as `valueOf`. */
  readonly inherited: readonly string[];
  /** Index behind the last parameter. */
  readonly end: number;
}

/** Records whether a parameter with `@RpcArg` is optional. */
export function markOptional(prototype: object, key: string | symbol, index: number, optional: boolean): void {
  const inherited = Reflect.getMetadata(OPTIONAL, prototype.constructor, key) as Map<number, boolean> | undefined;
  Reflect.defineMetadata(OPTIONAL, new Map(inherited).set(index, optional), prototype.constructor, key);
}

/**
 * Returns the named parameters of a method. Undefined where one of them is something else, such as the object of all
 * arguments or a parameter decorator of the user's, which can read any argument.
 * @param method function that runs: its length tells where the default values begin
 */
export function namedParametersOf(
  endpointClass: { readonly prototype: object },
  key: string,
  method: { readonly length: number },
): NamedParameters | undefined {
  const types = Reflect.getMetadata(TYPES, endpointClass.prototype, key) as unknown[] | undefined;
  const metadata = (Reflect.getMetadata(PARAMETERS, endpointClass, key) ?? {}) as Record<string, Parameter>;
  // An override with fewer parameters inherits the metadata of the others.
  const parameters = Object.entries(metadata).filter(
    ([, { index, factory }]) => factory !== refuseArguments && (types === undefined || index < types.length),
  );
  // Nest gives a method without decorated parameters the object of all arguments.
  if (parameters.length === 0 && types?.length !== 0) return undefined;
  const optional = Reflect.getMetadata(OPTIONAL, endpointClass, key) as ReadonlyMap<number, boolean> | undefined;
  const named: (NamedArgument & { index: number })[] = [];
  let end = Math.max(types?.length ?? 0, method.length);
  for (const [kind, { index, data, pipes = [], factory }] of parameters) {
    end = Math.max(end, index + 1);
    if (kind.startsWith(PAYLOAD) && typeof data === 'string' && data !== '') {
      const mayBeAbsent = optional?.get(index) || index >= method.length || pipes.some(acceptsNothing);
      named.push({ index, name: data, required: !mayBeAbsent });
    } else if (factory !== requestContextOf && !kind.startsWith(CONTEXT)) return undefined;
  }
  named.sort((one, other) => one.index - other.index);
  return {
    named: named.map(({ name, required }) => ({ name, required })),
    inherited: named.map(({ name }) => name).filter((name) => name in Object.prototype),
    end,
  };
}

/** Parameter that gets the payload of a message, or one member of it. */
export interface PayloadParameter {
  /** Name of the member; undefined for the whole payload. */
  readonly name: string | undefined;
  /** Class that the compiler emitted for the parameter; undefined where it emitted none. */
  readonly type: unknown;
}

/** Returns the parameters of a handler that get its payload, in their order. Nest gives the whole payload to the first undecorated one. */
export function payloadParametersOf(endpointClass: { readonly prototype: object }, key: string): PayloadParameter[] {
  const types = (Reflect.getMetadata(TYPES, endpointClass.prototype, key) ?? []) as unknown[];
  const metadata = (Reflect.getMetadata(PARAMETERS, endpointClass, key) ?? {}) as Record<string, Parameter>;
  const parameters = Object.entries(metadata);
  if (parameters.length === 0) return types.length === 0 ? [] : [{ name: undefined, type: types[0] }];
  return parameters
    .filter(([kind]) => kind.startsWith(PAYLOAD))
    .sort(([, one], [, other]) => one.index - other.index)
    .map(([, { index, data }]) => ({ name: typeof data === 'string' && data ? data : undefined, type: types[index] }));
}

/** Returns true for pipes that are made for an absent value: `DefaultValuePipe`, or one of Nest's with `{ optional: true }`. */
function acceptsNothing(pipe: unknown): boolean {
  if (pipe instanceof DefaultValuePipe) return true;
  if (typeof pipe !== 'object' || pipe === null) return false;
  const options: unknown = Reflect.get(pipe, 'options');
  return typeof options === 'object' && options !== null && Reflect.get(options, 'optional') === true;
}
