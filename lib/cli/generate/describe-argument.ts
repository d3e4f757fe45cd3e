import type { ArgumentModel, MethodModel } from '../contract/contract-model.js';
import type { Entry, Value } from './abstract-value.js';
import { typeOfAnnotation, typeOfWords, unionOf } from './annotation-type.js';
import { readDocstring } from './docstring.js';
import type { Parameter, PythonFunction } from './python-syntax.js';
import type { SentRequest } from './walk.js';

/** Describes an argument from its values in all requests of the method. */
export function describeArgument(
  name: string,
  { value, sometimes }: Entry,
  newest: readonly SentRequest[],
  server: MethodModel['server'],
): ArgumentModel {
  const optional = sometimes || newest.some(({ entry, args }) => isOptional(name, args.get(name)?.value, entry));
  const types = newest.flatMap(({ entry, args }) => typesOf(args.get(name)?.value, entry));
  const type =
    server !== undefined && 'argument' in server && server.argument === name
      ? 'string'
      : unionOf(types.length > 0 ? types : ['unknown']);
  return {
    type: value.kind === 'constant' && value.value === null ? 'unknown' : type,
    ...(optional && { optional: true as const }),
  };
}

/** Returns true for a parameter that has a default, and for a value that is made of the one of the same name. */
function isOptional(name: string, value: Value | undefined, entry: PythonFunction): boolean {
  if (value === undefined) return false;
  const options = value.kind === 'choice' ? value.options : [value];
  return options.some((option) => {
    if (option.kind === 'parameter') return option.fallback !== undefined;
    // A conversion such as `to_primitive(name)` keeps the meaning.
    if (option.kind !== 'unknown' || !option.place.text.endsWith(`(${name})`)) return false;
    const { file, line } = option.place;
    if (file !== entry.place.file || line < entry.place.line || line > entry.lastLine) return false;
    return entry.parameters.some((parameter) => parameter.name === name && parameter.fallback !== undefined);
  });
}

function typesOf(value: Value | undefined, entry: PythonFunction): string[] {
  if (value === undefined) return [];
  if (value.kind === 'choice') return value.options.flatMap((option) => typesOf(option, entry));
  if (value.kind === 'text') return ['string'];
  if (value.kind === 'constant' && value.value !== null) return [typeof value.value];
  if (value.kind !== 'parameter') return ['unknown'];
  const parameter = entry.parameters.find((one) => one.name === value.name);
  return [parameter === undefined ? 'unknown' : typeOfParameter(parameter, entry)];
}

/** Returns the type of a parameter: of its annotation, else of its `:type` field. A default of None allows null. */
export function typeOfParameter(parameter: Parameter, method: PythonFunction): string {
  const annotated = typeOfAnnotation(parameter.annotation);
  const words = readDocstring(method.docstring).types.get(parameter.name);
  const type = annotated === 'unknown' ? typeOfWords(words) : annotated;
  const isNone = parameter.fallback?.kind === 'constant' && parameter.fallback.value === null;
  return isNone ? unionOf([type, 'null']) : type;
}
