import { basename } from 'node:path';
import type { ArgumentModel, ContractModel, MethodModel, TargetField } from '../contract/contract-model.js';
import { typeOfAnnotation, typeOfWords } from './annotation-type.js';
import { isApiVersion } from './api-version.js';
import { apiNameOf } from './contract-names.js';
import { typeOfParameter } from './describe-argument.js';
import { describeTarget, type GivenTarget, notKnown } from './describe-target.js';
import { readDocstring } from './docstring.js';
import { endpointTarget } from './endpoint-target.js';
import { type ExposedMethod, managerMethods } from './exposed-methods.js';
import type { ResolvedClass } from './python-class.js';

/**
 * Describes the API that a Python manager or endpoint class answers. It tells no calls from casts: all methods are
 * described as calls.
 */
export function describeManager(subject: ResolvedClass, given: GivenTarget): ContractModel {
  const notes: string[] = ['A server does not tell casts from calls: all methods are calls here.'];
  const { exposed, shared, internal } = managerMethods(subject);
  if (shared !== undefined)
    notes.push(`Taken for the request context: ${shared}, the first parameter of all public methods.`);
  if (internal.length > 0) notes.push(`Left out, since they take no request context: ${internal.join(', ')}.`);
  const own = endpointTarget(subject);
  const target = describeTarget(own ?? new Map(), given, notes);
  const found = own?.get('version');
  // An endpoint without a target, or a target without a version, is one of 1.0.
  const version =
    given.version ??
    (found === undefined ? '1.0' : found.kind === 'text' && isApiVersion(found.value) ? found.value : undefined);
  if (version === undefined) notes.push(notKnown('version', found));
  const methods = [...exposed].map(([name, method]) => [name, describe(method)] as const);
  const parameters: TargetField[] = [...target.parameters, ...(version === undefined ? ['version' as const] : [])];
  const doc = readDocstring(subject.definition.docstring).text;
  return {
    contract: 1,
    name: apiNameOf(subject.name.replace(/(Manager|Callback|CallbackMixin|Endpoints?)$/, '')),
    class: subject.name,
    source: basename(subject.module.file),
    ...target.fields,
    ...(version !== undefined && { version }),
    ...(parameters.length > 0 && { parameters }),
    ...(doc !== '' && { doc }),
    notes,
    methods: Object.fromEntries(methods),
  };
}

function describe({ function: method, parameters }: ExposedMethod): MethodModel {
  const args = new Map<string, ArgumentModel>();
  let open = false;
  for (const parameter of parameters) {
    if (parameter.kind === 'keywords') open = true;
    if (parameter.kind !== 'plain') continue;
    const optional = parameter.fallback !== undefined;
    args.set(parameter.name, { type: typeOfParameter(parameter, method), ...(optional && { optional }) });
  }
  const { text, returnType } = readDocstring(method.docstring);
  const annotated = typeOfAnnotation(method.returns);
  const result = annotated === 'unknown' ? typeOfWords(returnType) : annotated;
  return {
    kind: 'call',
    args: Object.fromEntries(args),
    ...(open && { open: true as const }),
    ...(result !== 'unknown' && { result }),
    ...(text !== '' && { doc: text }),
  };
}
